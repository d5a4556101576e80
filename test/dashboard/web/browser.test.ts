/** The page as its users have it: a real browser against a real `marinade serve`. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newFolder, type Running, start } from '../../cli/harness.ts';
import { openBrowser, seriousViolations, soon } from '../../support/browser.ts';
import { freePort } from '../../support/redis.ts';

const browser: Browser | undefined = await openBrowser();

/** Attack x rule on a problem that needs no data; long enough to be watched while it runs. */
const study = (name: string, rounds: number): string => `study: ${name}
experiment:
  problem: { name: quadratic, dimension: 60, heterogeneity: 1 }
  clients: { total: 9, byzantine: 2 }
  method: { name: gradient-descent, stepSize: 0.05 }
  aggregator: { name: coordinate-median }
  attack: { name: bit-flip }
  rounds: ${rounds}
  metrics: { every: 200, names: [loss, gradient-norm, uplink-bits] }
parameters:
  attack.name: [bit-flip, a-little-is-enough]
  aggregator.name: [coordinate-median, geometric-median, mean]
seeds: 0..1
`;

const token = 'a-token-for-the-browser';
const limit = 240_000;

describe.skipIf(browser === undefined)('the dashboard in a browser', () => {
  const { folder, remove } = newFolder();
  let serve: Running;
  let address: string;
  let context: BrowserContext;
  let page: Page;
  /** What the browser complained about: errors of scripts, refusals of the content policy. */
  const complaints: string[] = [];

  const startServer = async (port: number): Promise<void> => {
    serve = start(['serve', '--port', String(port), '--threads', '1', '--rounds-per-job', '20000'], {
      cwd: folder,
      env: { MARINADE_TOKEN: token },
      limitMs: limit,
    });
    await soon(() => serve.said().includes('serving '), 'the server', 60_000);
  };
  const stopServer = async (): Promise<void> => {
    serve.child.kill('SIGTERM');
    await serve.ended;
  };
  const submit = async (text: string): Promise<string> => {
    const answer = await fetch(`${address}/api/v1/studies`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    });
    const { submitted } = (await answer.json()) as { submitted: { studyKey: string } };
    return submitted.studyKey;
  };

  beforeAll(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    await startServer(port);
    context = await browser!.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (said) => {
      if (said.type() === 'error' && !/Failed to load resource|ERR_CONNECTION_REFUSED/.test(said.text())) complaints.push(said.text());
    });
  }, limit);

  afterAll(async () => {
    await browser?.close();
    await stopServer();
    remove();
  }, limit);

  test(
    'it asks for a token, refuses a wrong one, and is let in by the link, which does not stay in the address',
    async () => {
      await page.goto(address);
      await page.getByLabel('Token').fill('not-the-token');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByText('that is not the token').waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      await page.goto('about:blank');
      await page.goto(`${address}/#token=${token}`);
      await page.getByText('No study has been submitted yet').waitFor();
      expect(page.url()).toBe(`${address}/`);
      expect(await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie)).toBe('');
    },
    limit,
  );

  test(
    'it shows an error at its line, then the plan, then the study submitted',
    async () => {
      await page.getByRole('link', { name: 'Submit', exact: true }).click();
      await page.getByLabel('The study, as YAML').fill(study('wrong', 100).replace('stepSize', 'stepsize'));
      await page.getByRole('button', { name: 'Show the plan' }).click();
      await page.getByRole('button', { name: 'line 5' }).first().waitFor();
      expect(await page.locator('.numbers .wrong').allTextContents()).toEqual(['5']);
      expect(await seriousViolations(page)).toEqual([]);
      await page.getByLabel('The study, as YAML').fill(study('first', 140_000));
      await page.getByRole('button', { name: 'Show the plan' }).click();
      await page.getByRole('button', { name: 'Submit 12 runs' }).click();
      await page.waitForURL(/\/studies\/[0-9a-f]{16}$/);
      await page.getByRole('heading', { level: 1, name: 'first' }).waitFor();
    },
    limit,
  );

  test(
    'its heat map fills cell by cell while runs finish',
    async () => {
      const filled = async (): Promise<number> => page.locator('.heat td > button[aria-label*="mean over"]').count();
      await page.locator('.heat td > button').first().waitFor();
      const counts = new Set<number>();
      await soon(
        async () => {
          counts.add(await filled());
          return counts.size >= 3;
        },
        'cells that fill',
        120_000,
      );
      expect(complaints).toEqual([]);
    },
    limit,
  );

  test(
    'brushing a value narrows heat map, table and address; a reload keeps it',
    async () => {
      await page.getByRole('button', { name: 'aggregator.name mean' }).click();
      await soon(() => page.url().includes('f.aggregator.name=mean'), 'the filter in the address');
      const grid = page.getByRole('grid');
      await soon(async () => (await grid.getAttribute('aria-rowcount')) === '5', 'four rows and the head');
      await page.reload();
      await soon(async () => (await page.getByRole('grid').getAttribute('aria-rowcount')) === '5', 'four rows after the reload');
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await soon(async () => (await page.getByRole('grid').getAttribute('aria-rowcount')) === '13', 'all rows');
      expect(await seriousViolations(page)).toEqual([]);
    },
    limit,
  );

  test(
    'a run is opened by the keyboard, cancelled, and goes on',
    async () => {
      await page.getByRole('grid').focus();
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await soon(() => page.url().includes('/runs/'), 'the page of a run');
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await page.getByRole('button', { name: 'Cancel the run' }).click();
      await page.locator('header .outcome', { hasText: 'cancelled' }).waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.locator('header .outcome', { hasText: /queued|running|completed/ }).waitFor();
      await page.locator('header .outcome', { hasText: 'completed' }).waitFor({ timeout: 120_000 });
      await page.getByRole('button', { name: 'Verify' }).click();
      await page.getByText('equal to the last bit').waitFor({ timeout: 60_000 });
    },
    limit,
  );

  test('every action stands in the journal, with who did it', async () => {
    const answer = await fetch(`${address}/api/v1/journal?limit=1000`, { headers: { authorization: `Bearer ${token}` } });
    const { events } = (await answer.json()) as { events: { kind: string; data: { action: string; by: string } }[] };
    const actions = events.filter(({ kind }) => kind === 'action').map(({ data }) => `${data.action} by ${data.by}`);
    expect(actions.reverse()).toEqual(['submit by operator', 'cancel by operator', 'retry by operator', 'verify by operator']);
  });

  test(
    'it comes back by itself when the server restarts, and misses nothing',
    async () => {
      const port = Number(new URL(address).port);
      await page.goto(address);
      await page.locator('.live:not(.waiting):not(.connecting)').waitFor();
      await stopServer();
      await page.locator('.live.waiting').waitFor();
      await startServer(port);
      await page.locator('.live:not(.waiting):not(.connecting)').waitFor({ timeout: 30_000 });
      await submit(study('second', 200));
      await page.getByRole('link', { name: 'second' }).waitFor();
      await page.getByText('12 of 12 runs').last().waitFor({ timeout: 60_000 });
      expect(await seriousViolations(page)).toEqual([]);
    },
    limit,
  );

  test(
    'whoever may only look on finds nothing to act with',
    async () => {
      const answer = await fetch(`${address}/api/v1/session/viewer`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      const { token: viewer } = (await answer.json()) as { token: string };
      const guest = await (await browser!.newContext()).newPage();
      await guest.goto(`${address}/#token=${viewer}`);
      await guest.getByRole('link', { name: 'second' }).click();
      await guest.getByRole('heading', { name: 'second', exact: true }).waitFor();
      expect(await guest.getByRole('button', { name: /Cancel|Pause|Retry/ }).count()).toBe(0);
      const status = await guest.evaluate(async () => {
        const { fetch, location } = globalThis as unknown as { fetch: typeof globalThis.fetch; location: { pathname: string } };
        return (await fetch(`/api/v1${location.pathname}/cancel`, { method: 'POST' })).status;
      });
      expect(status).toBe(403);
      await guest.context().close();
    },
    limit,
  );

  test('no page complained: no error of a script, nothing refused by the content policy', () => {
    expect(complaints).toEqual([]);
  });
});
