/** Whether the dashboard stays quick with 20,000 runs, 100 of them live, long curves and many readers. */
import { request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createServer } from '../src/dashboard/server/server.ts';
import { readWebFiles } from '../src/dashboard/server/web-files.ts';
import { type OwnedLedger, openDashboardReader, openLedger } from '../src/orchestrator/ledger/open-ledger.ts';
import type { PlannedRun } from '../src/shared/contracts/ledger.ts';
import { encodeCheckpoint } from '../src/shared/messages/codec.ts';
import { numericsVersion, type RoundJobResult } from '../src/shared/messages/round-job.ts';
import { chromiumPath } from '../test/support/browser.ts';
import type { Question } from './support/question.ts';
import { spread } from './support/spread.ts';
import { inFolder } from './support/study.ts';

const RUNS = 20_000;
const LIVE = 100;
const LONG_POINTS = 100_000;
const READERS = 50;
const metrics = ['optimality-gap', 'gradient-norm', 'clipped-fraction', 'uplink-bits'];

function planned(index: number, rounds: number): PlannedRun {
  const pick = <Value>(values: readonly Value[], every: number): Value => values[Math.floor(index / every) % values.length]!;
  const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const parameters = {
    'attack.name': pick(names('attack', 10), 10),
    'aggregator.name': pick(names('rule', 10), 100),
    'clipping.factor': pick([0.1, 0.5, 1, 2, 10], 1000),
    'method.stepSize': pick([0.01, 0.1, 0.5, 1], 5000),
  };
  const runKey = `${index.toString(16).padStart(8, '0')}${'5a'.repeat(28)}`;
  return {
    runKey,
    trajectoryKey: runKey,
    experiment: JSON.stringify({ ...parameters, rounds }),
    dataSha256: '',
    objectiveKey: null,
    seed: index % 10,
    rounds,
    metrics,
    every: 1,
    parameters: JSON.stringify(parameters),
    warnings: [],
  };
}

function result(run: PlannedRun, toRound: number): RoundJobResult {
  const count = toRound + 1;
  const speed = 1 + (Number.parseInt(run.runKey.slice(0, 8), 16) % 97) / 50;
  const column = (scale: number): Float64Array => Float64Array.from({ length: count }, (_, i) => scale * 10 ** ((-speed * i) / run.rounds));
  return {
    runKey: run.runKey,
    epoch: 1,
    fromRound: -1,
    toRound,
    checkpoint: encodeCheckpoint({ runKey: run.runKey, round: toRound, numericsVersion, sections: {}, meta: {} }),
    points: { first: 0, count, columns: Object.fromEntries(metrics.map((metric, i) => [metric, column(i + 1)])) },
    outcome: toRound === run.rounds ? 'completed' : null,
    x: toRound === run.rounds ? Float64Array.of(1) : null,
    notes: {},
    computeMs: 100,
  } as RoundJobResult;
}

async function compute(ledger: OwnedLedger, runs: readonly PlannedRun[], toRound: (run: PlannedRun) => number): Promise<void> {
  for (let from = 0; from < runs.length; from += 256) {
    await Promise.all(
      runs.slice(from, from + 256).map(async (run) => {
        const { fence } = await ledger.beginAttempt(run.runKey, 'bench');
        await ledger.commitRoundJob(fence, result(run, toRound(run)));
      }),
    );
  }
}

/** A ledger with a wide study, nine tenths of it done and 100 runs live, and one of long curves. */
export async function fillLedger(results: string): Promise<{ readonly ledger: OwnedLedger; readonly long: readonly PlannedRun[] }> {
  const ledger = await openLedger(results);
  const runs = Array.from({ length: RUNS }, (_, i) => planned(i, 100));
  const long = Array.from({ length: 100 }, (_, i) => planned(RUNS + i, LONG_POINTS - 1));
  await ledger.submit({ studyKey: 'wide', name: 'wide', source: '', runs });
  await ledger.submit({ studyKey: 'long', name: 'long', source: '', runs: long });
  await compute(ledger, runs.slice(0, -2000), ({ rounds }) => rounds);
  await compute(ledger, runs.slice(-2000, -2000 + LIVE), () => 40);
  await compute(ledger, long, ({ rounds }) => rounds);
  return { ledger, long };
}

/** Milliseconds from a change of the view until it is on the screen. */
async function untilShown(page: Page, selector: string): Promise<number> {
  return page.evaluate(async (sought) => {
    const { document, requestAnimationFrame } = globalThis as unknown as {
      document: { querySelector(selector: string): { click(): void } };
      requestAnimationFrame(then: (now: number) => void): void;
    };
    const element = document.querySelector(sought);
    const began = performance.now();
    element.click();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return performance.now() - began;
  }, selector);
}

interface Stage {
  readonly page: Page;
  readonly address: string;
  readonly token: string;
  readonly print: (line: string) => void;
}

async function firstPaint({ page, address, print }: Stage): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    await page.goto('about:blank');
    const began = performance.now();
    await page.goto(`${address}/studies/wide`);
    await page.locator('.heat td > button').first().waitFor();
    times.push(performance.now() - began);
  }
  print(`from the address to a filled heat map of ${RUNS} runs: ${spread(times)} ms`);
}

async function changes(stage: Stage): Promise<void> {
  const { page, print } = stage;
  const actions: readonly (readonly [string, readonly string[]])[] = [
    [
      'sort by the metric',
      ['[role=columnheader]:nth-child(9) button', '[role=columnheader]:nth-child(9) button', '[role=columnheader]:nth-child(9) button'],
    ],
    [
      'filter by a cell of the heat map',
      ['.heat tbody tr:nth-child(2) td:nth-child(3) button', '.heat tbody tr:nth-child(2) td:nth-child(3) button'],
    ],
    ['group rows', ['.card .menu.end .sheet button:nth-child(2)', '.card .menu.end .sheet button:nth-child(1)']],
  ];
  for (const [what, selectors] of actions) {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) for (const selector of selectors) times.push(await untilShown(page, selector));
    print(`${what}: ${spread(times)} ms until it is on the screen`);
  }
}

async function longCurves({ address, token, print }: Stage, runs: readonly PlannedRun[]): Promise<void> {
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    const url = `${address}/api/v1/series?runs=${runs.map(({ runKey }) => runKey).join(',')}&metric=optimality-gap&buckets=800`;
    bytes = (await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).arrayBuffer()).byteLength;
    times.push(performance.now() - began);
  }
  print(`${runs.length} curves of ${LONG_POINTS} points: ${spread(times)} ms, ${(bytes / 2 ** 20).toFixed(1)} MiB`);
}

async function readers({ address, token, print }: Stage, ledger: OwnedLedger): Promise<void> {
  const sockets: Socket[] = [];
  for (let i = 0; i < READERS; i++) {
    request(`${address}/api/v1/stream`, { headers: { authorization: `Bearer ${token}` } }, (answer) => {
      // Every fifth never reads.
      if (i % 5 === 0) answer.pause();
      else answer.resume();
    })
      .on('socket', (socket) => sockets.push(socket))
      .on('error', () => {})
      .end();
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const weigh = (): number => {
    (globalThis as { gc?: () => void }).gc?.();
    return process.memoryUsage.rss() / 2 ** 20;
  };
  const before = weigh();
  for (let i = 0; i < 20_000; i += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, k) => ledger.recordAction(null, { action: 'bench', text: 'x'.repeat(400), i: i + k })),
    );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  print(`${READERS} readers, ${READERS / 5} of whom never read, over 20,000 events: ${before.toFixed(0)} -> ${weigh().toFixed(0)} MiB`);
  for (const socket of sockets) socket.destroy();
}

export const dashboard: Question = {
  name: 'dashboard',
  asks: `Is the dashboard quick with ${RUNS} runs, ${LIVE} of them live?`,
  answer: (print) =>
    inFolder(async (folder) => {
      const executablePath = chromiumPath();
      const web = readWebFiles();
      if (executablePath === undefined || web === undefined) return print('no Chromium, or no built page (node scripts/build-web.mjs)');
      const began = performance.now();
      const { ledger, long } = await fillLedger(join(folder, 'results'));
      print(`a ledger of ${RUNS} short and 100 long runs was made in ${((performance.now() - began) / 1000).toFixed(0)} s`);
      print(`the page weighs ${([...web.values()].reduce((sum, { packed }) => sum + packed.length, 0) / 1024).toFixed(1)} KiB packed`);
      const token = 'a-token-for-the-bench';
      const server = createServer(
        {
          ledger: await openDashboardReader(join(folder, 'results')),
          commands: undefined,
          about: { version: '0', folder, queue: false, owner: () => 'bench' },
          web,
          audit: async () => {},
          metrics: async () => '',
          unready: async () => undefined,
          dataFile: () => undefined,
        },
        { token, hosts: new Set(['127.0.0.1']) },
      );
      await server.listen({ port: 0, host: '127.0.0.1' });
      const address = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
      let browser: Browser | undefined;
      try {
        browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
        const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
        await page.goto(`${address}/#token=${token}`);
        await page.locator('.study').first().waitFor();
        const stage: Stage = { page, address, token, print };
        await firstPaint(stage);
        // Live runs go on while the view is changed.
        const live = setInterval(
          () => void compute(ledger, [planned(RUNS - 1000 + Math.floor(Math.random() * 900), 100)], () => 100).catch(() => {}),
          20,
        );
        await changes(stage);
        clearInterval(live);
        await longCurves(stage, long);
        await readers(stage, ledger);
      } finally {
        await browser?.close();
        await server.close();
        await ledger.close();
      }
    }),
};
