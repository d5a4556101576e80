/** What the simulated ledger says is what the real one says. */
import { expect, test } from 'vitest';
import { SqliteLedger } from '../../../src/orchestrator/ledger/sqlite-ledger.ts';
import { codeOf } from '../../../src/shared/errors.ts';
import { checkpointAt, randomFrom } from '../ledger/runs.ts';
import { temporaryFolder } from '../ledger/support.ts';
import { SimulatedLedger } from './ledger.ts';
import { planOf } from './operator.ts';
import { computed, simulatedRun } from './runs.ts';

const specs = new Map(['a', 'b', 'c'].map((key, i) => [key, simulatedRun(key, 7 + i, 6, 'healthy', 0)]));
const plans = { s: ['a', 'b'], t: ['b', 'c'] } as const;
const failure = { code: 'MARINADE_EXECUTION_FAILED', message: 'as the test says', details: {} } as const;

type Ledgers = SimulatedLedger | SqliteLedger;
type Call = (ledger: Ledgers) => unknown;

/** What a call comes to, of either ledger; a hash is one whatever it is. */
function outcomeOf(call: Call, ledger: Ledgers): unknown {
  try {
    const value = call(ledger);
    return value !== null && typeof value === 'object' && 'resultHash' in value
      ? { ...value, resultHash: value.resultHash !== null }
      : value;
  } catch (thrown) {
    return codeOf(thrown);
  }
}

const look = (ledger: Ledgers, studyKey: string): unknown => {
  const study = ledger.study(studyKey);
  if (study === undefined) return undefined;
  const { priority, paused, withdrawn } = study;
  const runs = ledger
    .unfinished(studyKey)
    .map(({ runKey, state, outcome, epoch, committedRound, deaths, position }) => [
      ...[runKey, state, outcome, epoch, committedRound, deaths, position],
    ]);
  return { priority, paused, withdrawn, rollup: ledger.rollup(studyKey), runs };
};

test('it says the same as the real ledger, whatever is asked of both in whatever order', () => {
  for (let seed = 1; seed <= 8; seed++) {
    const uniform = randomFrom(seed);
    const below = (m: number): number => Math.floor(uniform() * m);
    const folder = temporaryFolder();
    let real = SqliteLedger.open(folder);
    const simulated = new SimulatedLedger(specs);
    let fence = 0;
    for (let i = 0; i < 100; i++) {
      if (below(20) === 0) {
        real.close();
        real = SqliteLedger.open(folder);
        simulated.reopen(false);
      }
      const studyKey = simulated.submitted.size === 0 || below(2) === 0 ? 's' : 't';
      const runKey = plans[studyKey][below(2)]!;
      const run = simulated.runs.get(runKey);
      const given = below(4) === 0 ? fence - 1 : (run?.fence ?? fence);
      const epoch = (run?.epoch ?? 1) - (below(6) === 0 ? 1 : 0);
      const from = below(4) === 0 ? -1 : (run?.committedRound ?? -1);
      const rounds = below(1 + 6 - Math.max(0, from));
      const values = specs.get(runKey)!.values;
      const job = { runKey, epoch, fromRound: from, rounds, checkpoint: new Uint8Array(Float64Array.of(from, values[from] ?? 0).buffer) };
      const result = {
        ...computed(specs.get(runKey)!, { ...job, checkpoint: from < 0 ? null : job.checkpoint } as never, rounds),
        checkpoint: checkpointAt(runKey, Math.max(0, from) + rounds),
      };
      const known: [string, Call][] = [
        [
          'submit',
          (ledger) =>
            ledger.submit(
              planOf(
                studyKey,
                plans[studyKey].map((key) => specs.get(key)!),
              ),
            ),
        ],
        ['priority', (ledger) => ledger.setStudy(studyKey, { priority: i })],
        ['pause', (ledger) => ledger.setStudy(studyKey, { paused: i % 2 === 0 })],
        ['cancel study', (ledger) => ledger.cancelStudy(studyKey)],
        ['retry', (ledger) => ledger.retry(studyKey, i % 2 === 0 ? runKey : null)],
        ['begin', (ledger) => ledger.beginAttempt(runKey, 'w')],
        ['end', (ledger) => ledger.endAttempt(runKey, given, 'interrupted')],
        ['cancel', (ledger) => ledger.finishWithout(runKey, null, 'cancelled', null)],
        ['fail', (ledger) => ledger.finishWithout(runKey, given, 'failed', failure, epoch)],
        ['quarantine', (ledger) => ledger.finishWithout(runKey, null, 'quarantined', failure, epoch)],
        ['death', (ledger) => ledger.recordDeath(runKey, given, 'died')],
        ...Array(8).fill(['commit', (ledger: Ledgers) => ledger.commitRoundJob(given, result)] as [string, Call]),
        ...Array(4).fill(['begin', (ledger: Ledgers) => ledger.beginAttempt(runKey, 'w')] as [string, Call]),
      ];
      const isKnown = simulated.submitted.has(studyKey);
      const [name, call] = isKnown && run !== undefined ? known[below(known.length)]! : known[0]!;
      const where = `seed ${seed}, call ${i}, ${name} of ${runKey} or ${studyKey}`;
      expect(outcomeOf(call, simulated), where).toEqual(outcomeOf(call, real));
      for (const key of ['s', 't']) expect(look(simulated, key), where).toEqual(look(real, key));
      fence = Math.max(fence, simulated.runs.get(runKey)?.fence ?? 0);
    }
    real.close();
  }
});
