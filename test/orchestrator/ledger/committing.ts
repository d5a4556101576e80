/**
 * A process that owns a ledger and carries out all its runs at once, round job by round job, as fast as it can. After
 * each confirmed commit it says so on stdout: what it said must be there after it was killed.
 *
 * Usage: committing.ts <folder> <seed>
 */
import { writeSync } from 'node:fs';
import { openLedger } from '../../../src/orchestrator/ledger/open-ledger.ts';
import { jobResult, randomFrom, runOptions, runsToCommit } from './runs.ts';

const [folder = '', seed = '0'] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const ledger = await openLedger(folder, { filesFrom: 0 });
say('owner');
await ledger.submit(runsToCommit);
await Promise.all(
  (await ledger.unfinished(runsToCommit.studyKey)).map(async ({ runKey, epoch }) => {
    const { fence } = await ledger.beginAttempt(runKey, `pid ${process.pid}`);
    let round = (await ledger.checkpoint(runKey))?.round ?? -1;
    while (round < runOptions.rounds) {
      const to = Math.min(runOptions.rounds, round + 1 + Math.floor(random() * 12));
      const { kind } = await ledger.commitRoundJob(fence, jobResult(runKey, round, to, { ...runOptions, epoch }));
      say(`${kind} ${runKey} ${to}`);
      round = to;
    }
  }),
);
await ledger.close();
say('done');
