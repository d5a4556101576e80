/** `marinade completion`: a script for a shell, from the same declarations that parse the command line. */
import type { Command } from 'commander';
import { registeredSets } from '../../worker/data/registry.ts';
import { type CompletedCommand, completionScripts } from '../completion-scripts.ts';
import { withReader } from '../lookup.ts';
import { print } from '../output.ts';

export async function completion(shell: 'bash' | 'zsh' | 'fish', program: Command): Promise<void> {
  print(completionScripts[shell](describe(program, [])));
}

/** What completes an argument, for `marinade __complete`; nothing where it cannot be told: a shell is no place for errors. */
export async function candidates(kind: string, { results }: { readonly results: string }): Promise<void> {
  const found = await candidatesOf(kind, results).catch(() => []);
  if (found.length > 0) print(found.join('\n'));
}

async function candidatesOf(kind: string, results: string): Promise<readonly string[]> {
  if (kind === 'data-set') return registeredSets.map(({ name }) => name);
  return withReader(results, async (ledger) => {
    const studies = await ledger.studies();
    const names = [...new Set(studies.map(({ name }) => name))];
    if (kind === 'study' || kind === 'study-or-run') return names;
    const runs = await Promise.all(studies.map(({ studyKey }) => ledger.runs(studyKey)));
    const keys = [...new Set(runs.flat().map(({ runKey }) => runKey.slice(0, 16)))];
    return kind === 'run' ? keys : [...names, ...keys];
  });
}

/** A command and those below it, as the scripts need them. */
function describe(command: Command, path: readonly string[]): CompletedCommand[] {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  return [
    {
      path,
      description: command.description(),
      subcommands: subcommands.map((one) => ({ name: one.name(), description: one.description() })),
      options: help.visibleOptions(command).map((option) => ({
        names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
        description: option.description,
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
        value: /<(.*)>/.exec(option.flags)?.[1] ?? '',
      })),
      argument: command.registeredArguments.map((argument) => ({ name: argument.name(), choices: argument.argChoices ?? [] }))[0],
    },
    ...subcommands.flatMap((one) => describe(one, [...path, one.name()])),
  ];
}
