/** The reference pages say what a reader looks for, and their examples work. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conditions, examples } from '../../scripts/reference/conditions.ts';
import { registeredSets } from '../../src/worker/data/registry.ts';
import { base, plan } from '../orchestrator/plan/support.ts';

const page = readFileSync(new URL('../../docs/reference/config.md', import.meta.url), 'utf8');
const rowOf = (key: string): string => page.split('\n').find((line) => line.startsWith(`| \`${key}\` |`)) ?? '';

describe('the reference of studies', () => {
  it.each(examples)('has a condition that works: %s', async (condition) => {
    const text = base
      .replace('gradient-descent, stepSize: 0.05', 'sgd, stepSize: 0.05, batchSize: 1')
      .replace('rounds: 10', 'rounds: 1000')
      .replace('shift-back', 'none');
    expect((await plan(`${text}where: ${JSON.stringify(condition)}\n`)).cells).toHaveLength(1);
  });

  it('has the conditions, and every data set by name', () => {
    expect(page).toContain(conditions);
    for (const { name } of registeredSets) expect(rowOf(name)).not.toBe('');
    expect(rowOf('synthetic-adult')).not.toBe('');
  });

  it('says what one choice alone requires', () => {
    expect(rowOf('start.values')).toContain('| required with `explicit` | x^0: d numbers |');
    expect(rowOf('start.name')).toContain('| required |');
    expect(rowOf('data.name')).toContain('| required without `data.file` |');
    expect(rowOf('data.file')).toContain('| required without `data.name` |');
    expect(rowOf('clients.byzantineIdentity.redrawEvery')).toContain('| required |');
  });

  it('says how seeds are written', () => {
    expect(rowOf('seeds')).toContain('a range 0..4 (both ends included)');
    expect(rowOf('seeds')).toContain('5 is the one seed 5');
  });

  it('finds strategies by what others call them', () => {
    const strategies = readFileSync(new URL('../../docs/reference/strategies.md', import.meta.url), 'utf8');
    for (const name of ['alie', 'ipm', 'nnm', 'foe', 'cclip']) expect(strategies).toContain(`\`${name}\``);
  });
});
