/** Verbs that ask a running orchestrator for something: submit, cancel, pause, resume, retry, priority, workers, queue rebuild. */

import { textTable } from '../../orchestrator/results/tables.ts';
import type { SubmittedStudy, WorkerInfo } from '../../shared/contracts/commands.ts';
import { codeOf, MarinadeError } from '../../shared/errors.ts';
import { type Client, requireServer, type ServerChoice } from '../client.ts';
import { print, printJson, say } from '../output.ts';
import { duration } from '../progress.ts';
import { readStudyFile } from '../wire.ts';

interface ControlOptions extends ServerChoice {
  readonly json: boolean;
}

export async function submit(
  path: string,
  options: ControlOptions & { readonly priority?: number; readonly quiet: boolean },
): Promise<void> {
  const client = await requireServer(options);
  // Read here, so that a mistake is shown at its line of the file.
  const { text } = await readStudyFile(path);
  const body = { text, ...(options.priority === undefined ? {} : { priority: options.priority }) };
  const { submitted } = (await client.send('POST', '/api/v1/studies', body)) as unknown as { submitted: SubmittedStudy };
  for (const warning of submitted.warnings) say(`note: ${warning}`);
  if (options.json) printJson({ schema: 1, submitted });
  else if (options.quiet) print(submitted.studyKey);
  else {
    const { study, studyKey, runs, added, resumed, finished } = submitted;
    print(`${study} (${studyKey}): ${runs} runs: ${added} new, ${resumed} go on, ${finished} known before`);
  }
}

/** Paths of a study or a run by its name or key; a study wins. */
async function targetOf(client: Client, name: string): Promise<string> {
  const key = encodeURIComponent(name);
  try {
    const { study } = (await client.get(`/api/v1/studies/${key}`)) as { study: { studyKey: string } };
    return `/api/v1/studies/${study.studyKey}`;
  } catch (thrown) {
    if (codeOf(thrown) !== 'MARINADE_STORAGE_NOT_FOUND') throw thrown;
    const { run } = (await client.get(`/api/v1/runs/${key}`)) as { run: { runKey: string } };
    return `/api/v1/runs/${run.runKey}`;
  }
}

async function told(options: ControlOptions, answer: Readonly<Record<string, unknown>>, text: string): Promise<void> {
  if (options.json) printJson(answer);
  else print(text);
}

export async function cancel(name: string, options: ControlOptions & { readonly yes: boolean }): Promise<void> {
  const client = await requireServer(options);
  const target = await targetOf(client, name);
  if (target.includes('/studies/') && !options.yes) {
    const { study } = (await client.get(target)) as { study: { rollup: { total: number; finished: number } } };
    const open = study.rollup.total - study.rollup.finished;
    throw new MarinadeError(
      'MARINADE_CONFIG_USAGE',
      `this cancels the ${open} unfinished runs of ${name} that no other study wants; say --yes to do it`,
    );
  }
  const answer = await client.send('POST', `${target}/cancel`, {});
  await told(
    options,
    answer,
    'cancelled' in answer ? `${answer['cancelled']} runs of ${name} cancelled` : `run ${String(answer['run'])} cancelled`,
  );
}

export async function setPaused(name: string, paused: boolean, options: ControlOptions): Promise<void> {
  const client = await requireServer(options);
  const answer = await client.send('PATCH', `/api/v1/studies/${encodeURIComponent(name)}`, { paused });
  await told(options, answer, `${name} ${paused ? 'pauses: what is under way ends its round job' : 'goes on'}`);
}

export async function prioritise(name: string, priority: number, options: ControlOptions): Promise<void> {
  const client = await requireServer(options);
  const answer = await client.send('PATCH', `/api/v1/studies/${encodeURIComponent(name)}`, { priority });
  await told(options, answer, `${name} has priority ${priority}`);
}

export async function retry(name: string, options: ControlOptions): Promise<void> {
  const client = await requireServer(options);
  const answer = await client.send('POST', `${await targetOf(client, name)}/retry`, {});
  await told(options, answer, `${String(answer['retried'])} runs go on`);
}

export async function workers(options: ControlOptions): Promise<void> {
  const client = await requireServer(options);
  const answer = await client.get('/api/v1/workers');
  const found = answer['workers'] as readonly WorkerInfo[];
  if (options.json) return printJson(answer);
  if (found.length === 0) return say('no workers are running');
  print(
    textTable({
      head: ['worker', 'version', 'threads', 'state', 'runs under way', 'rounds', 'memory', 'silent'],
      rows: found.map((one) => [
        one.id,
        one.version,
        String(one.threads),
        one.state,
        one.running.map((runKey) => runKey.slice(0, 12)).join(' ') || '–',
        one.rounds.toLocaleString('en-US'),
        `${Math.round(one.rssBytes / 1e6)} MB`,
        duration(one.silentSeconds),
      ]),
      right: [false, false, true, false, false, true, true, true],
    }),
  );
}

export async function rebuildQueue(options: ControlOptions): Promise<void> {
  const client = await requireServer(options);
  const answer = await client.send('POST', '/api/v1/queue/rebuild', {});
  await told(options, answer, `${String(answer['jobs'])} outstanding jobs were sent again`);
}
