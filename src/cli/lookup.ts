/** Finds what a command is asked about in a results folder, and says what is wrong when it is not there. */
import { resolve } from 'node:path';
import { openLedgerReader } from '../orchestrator/ledger/open-ledger.ts';
import type { LedgerReader, StudyRow, StudyRun } from '../shared/contracts/ledger.ts';
import { MarinadeError } from '../shared/errors.ts';
import { say } from './output.ts';

/** Reads a results folder, whoever owns it. */
export async function withReader<Result>(results: string, action: (ledger: LedgerReader) => Promise<Result>): Promise<Result> {
  const ledger = await openLedgerReader(resolve(results));
  try {
    return await action(ledger);
  } finally {
    await ledger.close();
  }
}

/** Studies of one name that are listed; more are counted. */
const MAX_NAMESAKES = 10;

/** A study is called by its name until another has the same: then it must be said which one was taken, and how to take another. */
async function tellNamesakes(ledger: LedgerReader, asked: string, { name, studyKey, submittedAt }: StudyRow): Promise<void> {
  if (asked !== name || asked === studyKey) return;
  const others = (await ledger.studies()).filter((one) => one.name === name && one.studyKey !== studyKey);
  if (others.length === 0) return;
  const listed = others.slice(0, MAX_NAMESAKES).map((one) => `  ${one.studyKey}  submitted ${one.submittedAt}`);
  if (others.length > MAX_NAMESAKES) listed.push(`  and ${others.length - MAX_NAMESAKES} more; \`marinade list\` shows all`);
  say(
    `note: ${others.length + 1} studies are called '${name}'; this is the newest, ${studyKey}, submitted ${submittedAt}. Another is taken by its key:\n${listed.join('\n')}`,
  );
}

/** @throws MARINADE_STORAGE_NOT_FOUND */
export async function requireStudy(ledger: LedgerReader, nameOrKey: string): Promise<StudyRow> {
  const study = await ledger.study(nameOrKey);
  if (study === undefined) {
    throw new MarinadeError(
      'MARINADE_STORAGE_NOT_FOUND',
      `no study '${nameOrKey}' in this results folder; \`marinade list\` shows what there is`,
    );
  }
  await tellNamesakes(ledger, nameOrKey, study);
  return study;
}

/** @throws MARINADE_STORAGE_NOT_FOUND */
export async function requireRun(ledger: LedgerReader, keyOrPrefix: string): Promise<StudyRun> {
  const run = await ledger.run(keyOrPrefix);
  if (run !== undefined) return run;
  throw new MarinadeError(
    'MARINADE_STORAGE_NOT_FOUND',
    `no run whose key begins with '${keyOrPrefix}' in this results folder; \`marinade show <study>\` lists the keys of a study`,
  );
}

/** A study by name or key, or a run by (the beginning of) its key; a name wins over the beginning of a key. */
export async function findStudyOrRun(
  ledger: LedgerReader,
  name: string,
): Promise<{ readonly study: StudyRow; readonly run?: never } | { readonly run: StudyRun; readonly study?: never }> {
  const study = await ledger.study(name);
  if (study !== undefined && (study.name === name || study.studyKey === name)) {
    await tellNamesakes(ledger, name, study);
    return { study };
  }
  const run = await ledger.run(name);
  if (study !== undefined && run !== undefined) {
    throw new MarinadeError(
      'MARINADE_STORAGE_NOT_FOUND',
      `both a study and a run have keys that begin with '${name}'; write more of the key`,
    );
  }
  if (study !== undefined) return { study };
  if (run !== undefined) return { run };
  throw new MarinadeError(
    'MARINADE_STORAGE_NOT_FOUND',
    `neither a study nor a run called '${name}' in this results folder; \`marinade list\` shows the studies`,
  );
}

/** The newest study that wants a run. */
export async function studyOf(ledger: LedgerReader, runKey: string): Promise<StudyRow | undefined> {
  const studyKey = await ledger.studyOf(runKey);
  return studyKey === undefined ? undefined : ledger.study(studyKey);
}
