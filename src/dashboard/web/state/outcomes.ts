/** How outcomes and states look: a sign and a colour, so that neither is needed alone. Ordered as bars show them. */
export interface OutcomeLook {
  readonly name: string;
  readonly sign: string;
  readonly tone: 'good' | 'run' | 'wait' | 'warn' | 'bad' | 'off';
}

export const outcomeLooks: readonly OutcomeLook[] = [
  { name: 'completed', sign: '✓', tone: 'good' },
  { name: 'finished', sign: '✓', tone: 'good' },
  { name: 'target-reached', sign: '◎', tone: 'good' },
  { name: 'plateau', sign: '▬', tone: 'good' },
  { name: 'running', sign: '▶', tone: 'run' },
  { name: 'diverged', sign: '✕', tone: 'warn' },
  { name: 'pruned', sign: '✂', tone: 'off' },
  { name: 'budget', sign: '◔', tone: 'off' },
  { name: 'failed', sign: '!', tone: 'bad' },
  { name: 'quarantined', sign: '☣', tone: 'bad' },
  { name: 'cancelled', sign: '⊘', tone: 'off' },
  { name: 'queued', sign: '·', tone: 'wait' },
];

const byName = new Map(outcomeLooks.map((look, order) => [look.name, { ...look, order }]));

export function lookOf(outcome: string): OutcomeLook & { readonly order: number } {
  return byName.get(outcome) ?? { name: outcome, sign: '?', tone: 'off', order: outcomeLooks.length };
}

export function hasEnded(outcome: string): boolean {
  return outcome !== 'queued' && outcome !== 'running';
}

/** Ended by itself: its last value is where it went, not where it was stopped. */
export function endedByItself(outcome: string): boolean {
  return outcome === 'completed' || outcome === 'target-reached' || outcome === 'plateau';
}
