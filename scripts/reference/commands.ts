/** docs/reference/commands.md, from the definitions of the command line. */
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { code, page, table, words } from './markdown.ts';

/** Commands that people type, those inside a group by their full name. */
function commandsOf(command: Command, prefix: string): { readonly name: string; readonly command: Command }[] {
  const visible = command.commands.filter((one) => !one.name().startsWith('_'));
  return visible.flatMap((one) => {
    const name = `${prefix} ${one.name()}`;
    return one.commands.length > 0 ? commandsOf(one, name) : [{ name, command: one }];
  });
}

function section({ name, command }: { readonly name: string; readonly command: Command }): string {
  const usage = command.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`));
  const rows = command.options
    .filter((option) => !option.hidden)
    .map((option) => [
      code(option.flags),
      option.defaultValue === undefined ||
      option.defaultValue === false ||
      (Array.isArray(option.defaultValue) && option.defaultValue.length === 0)
        ? ''
        : code(String(option.defaultValue)),
      words(option.argChoices === undefined ? option.description : `${option.description}: ${option.argChoices.join(', ')}`),
    ]);
  return [
    `## ${[name, ...usage].join(' ').replaceAll('<', '\\<')}`,
    `${words(command.description())}.`,
    ...(rows.length === 0 ? [] : [table(['option', 'default', 'meaning'], rows)]),
  ].join('\n\n');
}

export function commandsPage(): string {
  return page(
    'Commands',
    'Results go to standard output, everything else to standard error. Exit status: 0 done (a diverged run is done), 1 unexpected error, ' +
      '2 wrong usage or study, 3 some runs failed, 4 access refused, 5 the results folder or the queue is not to be had, 7 a data set is missing or damaged, ' +
      '130 and 143 stopped by a signal after a clean checkpoint.',
    ...commandsOf(createProgram(), 'marinade').map(section),
  );
}
