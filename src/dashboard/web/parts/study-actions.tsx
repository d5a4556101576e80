/** What may be done to a study. */
import { about, send } from '../state/api.ts';
import { count } from '../state/format.ts';
import type { StudyLine } from '../state/overview.ts';
import { act, askBack } from './ask.tsx';
import { Menu } from './menu.tsx';

export function StudyActions({ study, outcomes }: { readonly study: StudyLine; readonly outcomes: ReadonlyMap<string, number> }) {
  if (about.value?.role !== 'operator') return null;
  const path = `/studies/${study.studyKey}`;
  const of = (...names: string[]): number => names.reduce((sum, name) => sum + (outcomes.get(name) ?? 0), 0);
  const open = of('queued', 'running');
  const again = of('cancelled', 'failed', 'quarantined', 'budget');
  return (
    <div class="row">
      {study.paused && <span class="tag warn">paused</span>}
      {study.withdrawn && <span class="tag warn">cancelled</span>}
      {open > 0 && (
        <button
          type="button"
          onClick={() =>
            void act(
              () => send('PATCH', path, { paused: !study.paused }),
              study.paused ? 'The study goes on.' : 'The study is paused: jobs under way end, none begins.',
            )
          }
        >
          {study.paused ? 'Resume' : 'Pause'}
        </button>
      )}
      {open > 0 && (
        <Menu label={`Priority ${study.priority}`} end>
          {[10, 1, 0, -1, -10].map((priority) => (
            <button
              key={priority}
              type="button"
              aria-pressed={priority === study.priority}
              onClick={() => void act(() => send('PATCH', path, { priority }), `The study has priority ${priority}.`)}
            >
              {priority > 0 ? `${priority}, before others` : priority < 0 ? `−${-priority}, after others` : '0, the usual'}
            </button>
          ))}
        </Menu>
      )}
      {again > 0 && (
        <button type="button" onClick={() => void act(() => send('POST', `${path}/retry`), `${count(again, 'run')} go on.`)}>
          Retry {again}
        </button>
      )}
      {open > 0 && (
        <button
          type="button"
          class="danger"
          onClick={() =>
            askBack({
              title: 'Cancel what is unfinished?',
              text: `${count(open, 'run')} of ${study.name} will end as cancelled. What they computed stays, and a retry goes on from there.`,
              yes: `Cancel ${count(open, 'run')}`,
              act: () => act(() => send('POST', `${path}/cancel`), 'The study is cancelled.'),
            })
          }
        >
          Cancel
        </button>
      )}
    </div>
  );
}
