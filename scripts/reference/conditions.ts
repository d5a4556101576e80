/** The section on `where` of docs/reference/config.md. Its examples are run by a test. */
import { code, table, words } from './markdown.ts';

export const examples: readonly (readonly [condition: string, meaning: string])[] = [
  ['clients.byzantine < clients.total / 2', 'liars are a minority'],
  ["attack.name in ['none', 'bit-flip']", 'two attacks of several'],
  ["not (attack.name == 'label-flip' and clipping.name == 'none')", 'all but one combination'],
  ['clipping.factor == null or clipping.factor <= 1', 'cells without a factor, and small factors'],
  ['method.stepSize * method.batchSize <= 3.2 and rounds % 1000 == 0', 'arithmetic'],
];

const rows: readonly (readonly [written: string, meaning: string])[] = [
  ['`method.stepSize`', 'a path: the value in the resolved experiment of the cell, defaults filled in; `null` where the cell has none'],
  ['`3`, `1e-6`, `\'text\'`, `"text"`, `true`, `false`, `null`, `[1, 2]`', 'values; texts stand in quotes'],
  ['`==` `!=`', 'equal, different: of any values'],
  ['`<` `<=` `>` `>=`', 'of numbers'],
  ['`in`', 'the left value is one of the list on the right'],
  ['`+` `-` `*` `/` `%`', 'of numbers; `%` is the remainder'],
  ['`and` `or` `not` `( )`', '`not` binds before `and`, `and` before `or`; the right side is looked at only where it counts'],
];

export const conditions = [
  '## Conditions',
  'What `where` may say: cells for which it is true are kept. It chooses cells, so it knows nothing of seeds. A path that no ' +
    'experiment can have is an error, and so is a name that a path can never have.',
  table(
    ['written', 'meaning'],
    rows.map(([written, meaning]) => [written, words(meaning)]),
  ),
  table(
    ['for example', 'keeps'],
    examples.map(([condition, meaning]) => [code(condition), words(meaning)]),
  ),
].join('\n\n');
