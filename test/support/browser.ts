/** The system's Chromium for tests of the page; says why not where there is none. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of a Chromium on this machine. */
export function chromiumPath(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/Applications/Google Chrome.app/Contents/MacOS'];
  return folders.flatMap((folder) => [...names, 'Google Chrome'].map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** A browser, or undefined where none is installed, which is said. */
export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    process.stderr.write('skipped: tests of the dashboard in a browser; no Chromium is installed (apt-get install chromium)\n');
    return undefined;
  }
  // A container's root has no sandbox of its own.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** Violations that axe calls serious or critical, as `rule: selector`. */
export async function seriousViolations(page: Page): Promise<string[]> {
  const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  // Put in by the debugger, not by the page, whose policy would refuse it.
  await page.evaluate(readFileSync(source, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.slice(0, 4).map(({ target, failureSummary }) => `${id}: ${target.join(' ')} (${failureSummary.split('\n')[1]?.trim()})`),
      );
  });
}

/** Waits until something holds. @throws after the limit, with what was waited for */
export async function soon(holds: () => boolean | Promise<boolean>, what: string, limitMs = 30_000): Promise<void> {
  for (const end = performance.now() + limitMs; !(await holds()); ) {
    if (performance.now() > end) throw new Error(`waited ${limitMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
