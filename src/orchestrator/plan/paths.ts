/** Dotted paths into plain data: reading, setting, and the rule for varying a strategy's name. */
import { MarinadeError } from '../../shared/errors.ts';

type Plain = Record<string, unknown>;

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const STEP = /^[A-Za-z_][A-Za-z0-9_]*$|^\d+$/;

/** The steps of a dotted path. */
export function stepsOf(path: string): string[] {
  const steps = path.split('.');
  if (path.length > 200 || steps.some((step) => !STEP.test(step) || FORBIDDEN.has(step))) {
    throw new MarinadeError(
      'MARINADE_CONFIG_INVALID',
      `'${path.slice(0, 200)}' is no path; expected names joined by dots, such as attack.name`,
    );
  }
  return steps;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, undefined where there is none. */
export function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const step of path.split('.')) {
    if ((!isPlain(value) && !Array.isArray(value)) || !Object.hasOwn(value, step)) return undefined;
    value = (value as Plain)[step];
  }
  return value;
}

/**
 * A copy of `data` with the value at `path` replaced. Setting `x.name` replaces all of x except its preAggregators:
 * the parameters of another strategy mean nothing to the new one.
 */
export function withValueAt(data: unknown, path: string, value: unknown): unknown {
  const steps = stepsOf(path);
  const set = (node: unknown, at: number): unknown => {
    const step = steps[at]!;
    if (at === steps.length - 1) {
      if (step === 'name' && at > 0 && isPlain(node)) {
        return { name: value, ...('preAggregators' in node ? { preAggregators: node['preAggregators'] } : {}) };
      }
      return replaced(node, step, value);
    }
    const child = isPlain(node) || Array.isArray(node) ? (node as Plain)[step] : undefined;
    return replaced(node, step, set(child, at + 1));
  };
  return set(data, 0);
}

function replaced(node: unknown, step: string, value: unknown): unknown {
  if (!Array.isArray(node)) return { ...(isPlain(node) ? node : {}), [step]: value };
  if (/^\d+$/.test(step) && Number(step) < node.length) return node.map((item, i) => (i === Number(step) ? value : item));
  throw new MarinadeError('MARINADE_CONFIG_INVALID', `'${step}' is no place in a list of ${node.length}; expected a number below that`);
}

/** What setting a path replaces as a whole: `x` for `x.name`, else the path itself. */
export function replacedBy(path: string): string {
  return path.endsWith('.name') ? path.slice(0, -'.name'.length) : path;
}

/** Whether setting `path` discards what was set at `other` before. */
export function discards(path: string, other: string): boolean {
  const whole = replacedBy(path);
  return (
    path === other || whole === other || (other.startsWith(`${whole}.`) && !(whole !== path && other.startsWith(`${whole}.preAggregators`)))
  );
}

/** The order in which settings may be applied without one discarding another: whole objects before their parts. */
export function outermostFirst<Setting extends readonly [string, ...unknown[]]>(settings: readonly Setting[]): Setting[] {
  const depth = ([path]: Setting): number => replacedBy(path).split('.').length;
  return [...settings].sort((a, b) => depth(a) - depth(b));
}
