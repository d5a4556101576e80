/**
 * Completion scripts for bash, zsh and fish over one description of the command line. Words are static; what depends
 * on a results folder (studies, runs) is asked for with `marinade __complete`.
 */

export interface CompletedCommand {
  /** Words after `marinade` that lead here. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** The first positional argument. */
  readonly argument: { readonly name: string; readonly choices: readonly string[] } | undefined;
}

interface CompletedOption {
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** What the value is called: file, folder, ... */
  readonly value: string;
}

type Kind = 'words' | 'files' | 'folders' | 'asked' | 'none';

/** How a value or an argument is completed. */
function kindOf(name: string, choices: readonly string[]): Kind {
  if (choices.length > 0) return 'words';
  if (name === 'folder') return 'folders';
  if (name === 'file' || name === 'study-file' || name === 'module') return 'files';
  return ['study', 'run', 'study-or-run', 'run-or-study', 'data-set'].includes(name) ? 'asked' : 'none';
}

/** Text inside single quotes of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const visible = (commands: readonly CompletedCommand[]): CompletedCommand[] => commands.filter(({ path }) => path.length > 0);

/** Options with a value, each once, with what completes it. */
function valuedOptions(
  commands: readonly CompletedCommand[],
): { readonly names: readonly string[]; readonly kind: Kind; readonly choices: readonly string[] }[] {
  const byNames = new Map<string, CompletedOption>();
  for (const { options } of commands) for (const option of options) if (option.takesValue) byNames.set(option.names.join('|'), option);
  return [...byNames.values()].map(({ names, value, choices }) => ({ names, choices, kind: kindOf(value, choices) }));
}

/** A `case` that follows the words typed so far down to a command: leaves its path in `at`. */
function descend(commands: readonly CompletedCommand[]): string {
  return visible(commands)
    .map(({ path }) => `      ${quoted(path.join(' '))}) at=${quoted(path.join(' '))} ;;`)
    .join('\n');
}

function bash(commands: readonly CompletedCommand[]): string {
  const complete: Record<Exclude<Kind, 'words' | 'asked'>, string> = {
    files: `COMPREPLY=($(compgen -f -- "$current"))`,
    folders: `COMPREPLY=($(compgen -d -- "$current"))`,
    none: ':',
  };
  const words = (list: readonly string[]): string => `COMPREPLY=($(compgen -W ${quoted(list.join(' '))} -- "$current"))`;
  const asked = (kind: string): string => `COMPREPLY=($(compgen -W "$(marinade __complete ${kind} 2>/dev/null)" -- "$current"))`;
  const after = valuedOptions(commands)
    .map(
      ({ names, kind, choices }) => `    ${names.join('|')}) ${kind === 'words' ? words(choices) : complete[kind as 'files']}; return ;;`,
    )
    .join('\n');
  const at = commands.map(({ path, subcommands, options, argument }) => {
    const list = words([...subcommands.map(({ name }) => name), ...(argument?.choices ?? [])]);
    const kind = argument === undefined ? 'words' : kindOf(argument.name, argument.choices);
    const positional = kind === 'words' ? list : kind === 'asked' ? asked(argument!.name) : complete[kind];
    return `    ${quoted(path.join(' '))})
      if [[ $current == -* ]]; then ${words(options.flatMap(({ names }) => names))}
      else ${positional}; fi ;;`;
  });
  return `# bash completion of marinade. Use it with: source <(marinade completion bash)
_marinade() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${at:+$at }$word" in
${descend(commands)}
    esac
  done
  COMPREPLY=()
  case "$previous" in
${after}
  esac
  case "$at" in
${at.join('\n')}
  esac
}
complete -o filenames -F _marinade marinade`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const complete: Record<Exclude<Kind, 'words' | 'asked'>, string> = { files: '_files', folders: '_files -/', none: ':' };
  const described = (list: readonly { readonly name: string; readonly description: string }[]): string =>
    `list=(${list.map(({ name, description }) => quoted(`${name.replaceAll(':', '\\:')}:${description}`)).join(' ')}); _describe 'marinade' list`;
  const words = (list: readonly string[]): string => `compadd -- ${list.map(quoted).join(' ')}`;
  const asked = (kind: string): string => `compadd -- \${(f)"$(marinade __complete ${kind} 2>/dev/null)"}`;
  const after = valuedOptions(commands)
    .map(
      ({ names, kind, choices }) => `    ${names.join('|')}) ${kind === 'words' ? words(choices) : complete[kind as 'files']}; return ;;`,
    )
    .join('\n');
  const at = commands.map(({ path, subcommands, options, argument }) => {
    const kind = argument === undefined ? 'none' : kindOf(argument.name, argument.choices);
    const positional =
      subcommands.length > 0
        ? described(subcommands)
        : kind === 'words'
          ? words(argument!.choices)
          : kind === 'asked'
            ? asked(argument!.name)
            : complete[kind];
    const flags = options.flatMap(({ names, description }) => names.map((name) => ({ name, description })));
    return `    ${quoted(path.join(' '))})
      if [[ $current == -* ]]; then ${described(flags)}
      else ${positional}; fi ;;`;
  });
  return `#compdef marinade
# zsh completion of marinade. Use it with: source <(marinade completion zsh), after compinit
_marinade() {
  local current=\${words[CURRENT]} previous=\${words[CURRENT-1]} at='' word
  local -a list
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${at:+$at }$word" in
${descend(commands)}
    esac
  done
  case "$previous" in
${after}
  esac
  case "$at" in
${at.join('\n')}
  esac
}
compdef _marinade marinade`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, subcommands, options, argument }) => {
    const here = `-n ${quoted(['__marinade_at', ...path].join(' '))}`;
    const argumentKind = argument === undefined ? 'none' : kindOf(argument.name, argument.choices);
    const positional =
      argumentKind === 'words'
        ? [`complete -c marinade ${here} -a ${quoted(argument!.choices.join(' '))}`]
        : argumentKind === 'asked'
          ? [`complete -c marinade ${here} -a '(marinade __complete ${argument!.name} 2>/dev/null)'`]
          : argumentKind === 'files'
            ? [`complete -c marinade ${here} -F`]
            : [];
    return [
      ...subcommands.map(({ name, description }) => `complete -c marinade ${here} -a ${quoted(name)} -d ${quoted(description)}`),
      ...positional,
      ...options.map(({ names, description, takesValue, choices, value }) => {
        const spelled = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
        const kind = kindOf(value, choices);
        const values =
          kind === 'words' ? ` -a ${quoted(choices.join(' '))}` : kind === 'folders' ? ` -a '(__fish_complete_directories)'` : '';
        return `complete -c marinade ${here} ${spelled}${takesValue ? (kind === 'files' ? ' -r -F' : ' -x') : ''}${values} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion of marinade. Use it with: marinade completion fish | source
function __marinade_at
  set -l at
  for word in (commandline -opc)[2..-1]
    switch (string join ' ' $at $word)
${visible(commands)
  .map(({ path }) => `      case ${quoted(path.join(' '))}\n        set at ${path.join(' ')}`)
  .join('\n')}
    end
  end
  test "$at" = "$argv"
end
complete -c marinade -f
${lines.join('\n')}`;
}

export const completionScripts: Readonly<Record<'bash' | 'zsh' | 'fish', (commands: readonly CompletedCommand[]) => string>> = {
  bash,
  zsh,
  fish,
};
