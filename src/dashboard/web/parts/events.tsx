/** Events of the journal in words. */
import type { JournalEntry } from '../../../shared/contracts/dashboard.ts';
import { clock } from '../state/format.ts';

function words({ kind, data }: JournalEntry): string {
  const of = (name: string): string => String(data[name] ?? '');
  const by = data['by'] === undefined ? '' : ` by the ${of('by')}`;
  switch (kind) {
    case 'study:submit':
      return `study ${of('name')} submitted: ${of('runs')} runs, ${of('added')} new`;
    case 'study:set':
      return `study ${data['paused'] === undefined ? `set to priority ${of('priority')}` : data['paused'] ? 'paused' : 'resumed'}${by}`;
    case 'study:cancel':
      return `study cancelled: ${of('runs')} runs${by}`;
    case 'run:finish':
      return `${of('outcome')}${data['code'] === undefined ? '' : ` (${of('code')})`}`;
    case 'run:resume':
      return `goes on after ${of('after')} from round ${of('fromRound')}`;
    case 'run:continue':
      return `begins at round ${of('round')} of an equal run`;
    case 'run:death':
      return `its process died (${of('deaths')}): ${of('reason')}`;
    case 'attempt:begin':
      return `attempt ${of('fence')} on ${of('worker')}`;
    case 'attempt:end':
      return `attempt ${of('fence')} ended: ${of('reason')}`;
    case 'round-job:commit':
      return `rounds ${of('fromRound')} to ${of('toRound')} stored`;
    case 'round-job:repeat':
      return `rounds to ${of('toRound')} came again, with the same bits`;
    case 'round-job:fence':
      return 'a result of an execution that had lost the run was refused';
    case 'round-job:disagree':
      return 'ALARM: two executions disagree';
    case 'checkpoint:damaged':
      return 'a checkpoint is damaged; an older one is used';
    case 'ledger:unclean':
      return 'the last owner of the folder did not close it';
    default:
      return kind;
  }
}

export function EventList({ events, naming = true }: { readonly events: readonly JournalEntry[]; readonly naming?: boolean }) {
  if (events.length === 0) return <p class="soft">Nothing has happened yet.</p>;
  return (
    <ol class="events">
      {events.map((event) => (
        <li key={event.seq}>
          <time dateTime={event.at} title={event.at}>
            {clock(event.at)}
          </time>
          <span class="wrap">
            {naming && event.run !== null && (
              <>
                <a class="mono" href={`/runs/${event.run}`}>
                  {event.run.slice(0, 8)}
                </a>{' '}
              </>
            )}
            {words(event)}
          </span>
        </li>
      ))}
    </ol>
  );
}
