/** The little Markdown that reference pages need. */

/** Says at the top of a page that nobody edits it. */
export function page(title: string, introduction: string, ...sections: readonly string[]): string {
  const notice = '<!-- Written by `npm run generate` from the definitions in src; edit those. -->';
  return `${[notice, `# ${title}`, introduction, ...sections].map((part) => part.trim()).join('\n\n')}\n`;
}

/** Plain words as Markdown: code in backticks stays, everything else that Markdown would read is escaped. */
export function words(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[\\*_<>[\]]/g, (sign) => `\\${sign}`)))
    .join('');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const code = (text: string): string => `\`${text}\``;
