/** Studies as text, planned without data or files. */
import { catalog } from '../../../src/algorithm/catalog.ts';
import { type Plan, planStudyFile } from '../../../src/orchestrator/plan/plan-study.ts';
import { readStudy } from '../../../src/orchestrator/plan/read-study.ts';
import { MarinadeError } from '../../../src/shared/errors.ts';
import { sha256Hex } from '../../../src/shared/hash.ts';

/** Lines 1 to 8 of every study here; what a test adds begins on line 9. */
export const base = `study: small
experiment:
  problem: { name: quadratic, dimension: 20 }
  clients: { total: 10, byzantine: 2 }
  method: { name: gradient-descent, stepSize: 0.05 }
  aggregator: { name: coordinate-median }
  attack: { name: shift-back }
  rounds: 10
`;

type Overrides = readonly (readonly [string, unknown])[];

export function plan(text: string, overrides: Overrides = [], strategies: readonly string[] = []): Promise<Plan> {
  return planStudyFile(readStudy(text, 's.yaml', overrides), {
    catalog,
    data: { identify: async (data) => ({ sha256: sha256Hex(JSON.stringify(data)) }) },
    strategies,
  });
}

/** The error a study is refused with: its code and its lines. */
export async function refusal(text: string, overrides: Overrides = []): Promise<{ code: string; lines: string[]; text: string }> {
  try {
    await plan(text, overrides);
  } catch (thrown) {
    if (!(thrown instanceof MarinadeError)) throw thrown;
    return { code: thrown.code, lines: thrown.text.split('\n'), text: thrown.text };
  }
  throw new Error('expected the study to be refused; it was planned');
}
