import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/cli/service-metrics.ts';

test('the Grafana dashboard asks for metrics that the orchestrator tells, and for most of them', async () => {
  const ledger = { events: async () => [], studies: async () => [] } as unknown as Parameters<typeof createMetrics>[0];
  const commands = { workers: async () => [], advance: () => [] } as unknown as Parameters<typeof createMetrics>[1];
  const told = await createMetrics(ledger, commands, { outstanding: 0, roundsCommitted: 0 })();
  const names = (text: string): string[] => [...new Set(text.match(/\b(?:marinade|process)_\w+/g))].sort();
  const dashboard = readFileSync(new URL('../../deploy/grafana-dashboard.json', import.meta.url), 'utf8');
  const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
  const asked = names(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'));
  expect(names(told).filter((name) => !asked.includes(name))).toEqual(['marinade_attempts_total']);
  expect(asked.filter((name) => !names(told).includes(name))).toEqual([]);
});
