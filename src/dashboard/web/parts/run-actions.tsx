/** What may be done to a run. */
import { useSignal } from '@preact/signals';
import type { VerifyReport } from '../../../shared/contracts/commands.ts';
import type { StudyRun } from '../../../shared/contracts/ledger.ts';
import { about, send } from '../state/api.ts';
import { count, grouped } from '../state/format.ts';
import { act, askBack } from './ask.tsx';

const again: ReadonlySet<string> = new Set(['cancelled', 'failed', 'quarantined', 'budget']);

export function RunActions({ run }: { readonly run: StudyRun }) {
  const verifying = useSignal(false);
  const verified = useSignal<VerifyReport | undefined>(undefined);
  if (about.value?.role !== 'operator') return null;
  const path = `/runs/${run.runKey}`;
  const verify = async (): Promise<void> => {
    verifying.value = true;
    await act(async () => {
      verified.value = (await send<{ verified: VerifyReport }>('POST', `${path}/verify`)).verified;
    }, 'The run was computed again.');
    verifying.value = false;
  };
  return (
    <div class="row">
      {verified.value !== undefined && (
        <span class={`tag ${verified.value.equal ? '' : 'warn'}`} role="status">
          {verified.value.equal
            ? `✓ equal to the last bit: ${count(verified.value.points, 'point')}, ${grouped(verified.value.rounds)} rounds`
            : `DIFFERENT: ${verified.value.difference}`}
        </span>
      )}
      {run.outcome !== null && run.committedRound >= 0 && (
        <button
          type="button"
          disabled={verifying.value}
          onClick={() => void verify()}
          title="Computes the run again and compares every bit"
        >
          {verifying.value ? 'Verifying…' : 'Verify'}
        </button>
      )}
      {run.outcome !== null && again.has(run.outcome) && (
        <button type="button" onClick={() => void act(() => send('POST', `${path}/retry`), 'The run goes on.')}>
          Retry
        </button>
      )}
      {run.outcome === null && (
        <button
          type="button"
          class="danger"
          onClick={() =>
            askBack({
              title: 'Cancel this run?',
              text: 'It ends as cancelled. What it computed stays, and a retry goes on from its last checkpoint.',
              yes: 'Cancel the run',
              act: () => act(() => send('POST', `${path}/cancel`), 'The run is cancelled.'),
            })
          }
        >
          Cancel
        </button>
      )}
    </div>
  );
}
