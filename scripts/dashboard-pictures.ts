/**
 * Pictures of the dashboard for the README and the docs: `node scripts/dashboard-pictures.ts`. A study of attacks and
 * rules is submitted to a server of its own and pictured while it runs and when it is done, in both themes and at the
 * width of a phone. Needs Chromium and the a9a data (MARINADE_DATA_DIR), else it pictures the stand-in.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../test/support/browser.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(root, 'docs', 'pictures');
const token = 'a-token-for-the-pictures';

const study = `study: attacks-against-rules
description: Which robust rule survives which attack, and what does clipping change?
experiment:
  problem: { name: logistic-regression, l2: 0.01 }
  data: { name: a9a, normalize: rows, fallback: synthetic-adult }
  partition: { name: homogeneous }
  clients: { total: 20, byzantine: 5 }
  participation: { name: uniform, cohort: 4, largeCohort: 20 }
  method: { name: byz-vr-marina-pp, stepSize: 0.1, batchSize: 32, refresh: { every: 1000 } }
  aggregator: { name: coordinate-median }
  attack: { name: shift-back }
  rounds: 5000
  metrics: { every: 25, names: [optimality-gap, gradient-norm, estimator-error, clipping-level, clipped-fraction, byzantine-majority, gradient-evaluations, uplink-bits] }
parameters:
  attack.name: [shift-back, bit-flip, label-flip, a-little-is-enough, inner-product-manipulation]
  aggregator.name: [mean, coordinate-median, geometric-median, trimmed-mean]
  clipping: [{ name: none }, { name: step-proportional, factor: 1 }, { name: step-proportional, factor: 0.1 }]
seeds: 0..2
infeasible: drop
`;

const wide = { width: 1360, height: 900 };
const phone = { width: 390, height: 844 };

async function main(): Promise<void> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no Chromium is installed');
  const folder = mkdtempSync(join(tmpdir(), 'marinade-pictures-'));
  const server = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'serve', '--results', folder, '--port', '0'], {
    env: { ...process.env, MARINADE_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      server.stdout.setEncoding('utf8').on('data', (text: string) => resolve(text.trim()));
      server.on('exit', () => reject(new Error('the server ended')));
    });
    const ask = async (method: string, path: string, body?: object): Promise<Record<string, never>> => {
      const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      const answer = await fetch(`${address}/api/v1${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json() as Promise<Record<string, never>>;
    };
    const { submitted } = (await ask('POST', '/studies', { text: study })) as unknown as { submitted: { studyKey: string } };
    const path = `/studies/${submitted.studyKey}`;
    const counts = async (): Promise<Readonly<Record<string, number>>> => {
      const { studies } = (await ask('GET', '/studies')) as unknown as { studies: { outcomes: Record<string, number> }[] };
      return studies[0]!.outcomes;
    };
    const openIn = async (colorScheme: 'light' | 'dark', viewport: typeof wide): Promise<Page> => {
      const context: BrowserContext = await browser.newContext({
        viewport,
        colorScheme,
        deviceScaleFactor: viewport === phone ? 1.5 : 1.25,
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      await page.goto(`${address}/#token=${token}`);
      await page.locator('.study').first().waitFor();
      return page;
    };
    const light = await openIn('light', wide);
    const dark = await openIn('dark', wide);
    const small = await openIn('light', phone);
    const picture = async (page: Page, address_: string, name: string, fullPage = false): Promise<void> => {
      await page.goto(`${address}${address_}`);
      await page.locator('main .card, main .tile').first().waitFor();
      await page.waitForTimeout(2500);
      await page.screenshot({ path: join(pictures, `dashboard-${name}.png`), fullPage });
    };
    // Alive: about a third is done.
    for (;;) {
      const { queued = 0, running = 0, ...ended } = await counts();
      const done = Object.values(ended).reduce((sum, one) => sum + one, 0);
      if (done > 0.35 * (done + queued + running)) break;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await picture(light, path, 'study-running');
    await picture(light, '/', 'overview');
    await picture(dark, '/', 'overview-dark');
    await picture(light, '/workers', 'workers');
    for (;;) {
      const { queued = 0, running = 0 } = await counts();
      if (queued + running === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const view = `${path}?a=clipping%3Dnone&b=clipping%3Dstep-proportional+factor+1`;
    await picture(light, view, 'study', true);
    await picture(dark, view, 'study-dark');
    await picture(small, path, 'study-phone', true);
    const { runs } = (await ask('GET', `${path}/runs`)) as unknown as {
      runs: { runKey: string; parameters: Record<string, unknown>; outcome: string }[];
    };
    const shown = runs.find(
      ({ parameters }) =>
        JSON.stringify(parameters).includes('"factor":0.1') &&
        JSON.stringify(parameters).includes('shift-back') &&
        JSON.stringify(parameters).includes('coordinate-median'),
    )!;
    await picture(light, `/runs/${shown.runKey}`, 'run', true);
    await picture(dark, `/runs/${shown.runKey}`, 'run-dark');
    await picture(small, '/', 'overview-phone');
    await light.goto(`${address}/submit`);
    await light.getByLabel('The study, as YAML').fill(study.replace('stepSize', 'stepsize').replace('median,', 'medain,'));
    await light.getByRole('button', { name: 'Show the plan' }).click();
    await light.locator('.problems li').first().waitFor();
    await light.screenshot({ path: join(pictures, 'dashboard-submit.png') });
  } finally {
    await browser.close();
    server.kill('SIGTERM');
    await new Promise((resolve) => server.on('exit', resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
