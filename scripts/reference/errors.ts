/** docs/reference/errors.md, from the table of error codes. */
import { errorCodes } from '../../src/shared/errors.ts';
import { code, page, table, words } from './markdown.ts';

/** Every family there is, in the order of the page: a family without a row here has no type. */
const families = {
  config: ['Configuration', 'The study or the command must change. Nothing was run.'],
  precondition: ['Preconditions', 'What was asked cannot be computed, or lies outside a definition. Nothing was run.'],
  access: ['Access', 'A request to the service was refused.'],
  data: ['Data sets', 'A data file is missing or not what it should be.'],
  shape: ['Shapes', 'A strategy was given, or gave, a vector it should not.'],
  protocol: ['Protocol', 'Parts of different versions met.'],
  execution: ['Execution', 'The computation was disturbed; it is tried again where that can help.'],
  storage: ['Storage', 'The results folder cannot be read or written as it should.'],
  invariant: ['Invariants', 'A bug.'],
} as const satisfies Record<(typeof errorCodes)[keyof typeof errorCodes]['family'], readonly [title: string, sentence: string]>;

export function errorsPage(): string {
  const sections = Object.entries(families).map(([family, [title, sentence]]) => {
    const rows = Object.entries(errorCodes)
      .filter(([, facts]) => facts.family === family)
      .map(([name, { exit, retry, help }]) => [code(name), String(exit), retry ? 'yes' : 'no', words(help)]);
    return `## ${title}\n\n${sentence}\n\n${table(['code', 'exit status', 'tried again', 'meaning, and what to do'], rows)}`;
  });
  return page(
    'Errors',
    'Every error carries one of these codes; programs compare codes, never messages. A run that diverges is no error: `diverged` is an outcome.',
    ...sections,
  );
}
