/** The page of a report: type, colours, tables, figures. Everything is inline, nothing is fetched, nothing is a script. */
import { readFileSync } from 'node:fs';
import { darkSeriesRules, sample } from '../../figures/series-style.ts';
import { element, escapeText } from '../../figures/svg.ts';
import { packageUrl } from '../../shared/program.ts';
import type { ReportFigure } from './report-figures.ts';
import type { Table } from './tables.ts';

/** Markup, as opposed to text that has yet to be escaped. */
export interface Markup {
  readonly html: string;
}

export type Content = string | Markup;

export function markup({ raw }: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return { html: String.raw({ raw }, ...values.map(htmlOf)) };
}

export function htmlOf(content: Content): string {
  return typeof content === 'string' ? escapeText(content) : content.html;
}

export function joined(parts: readonly Content[], separator = ''): Markup {
  return { html: parts.map(htmlOf).join(separator) };
}

/** A number with groups of three digits. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Numbers such as 1.90e-6 as powers of ten, in text that is otherwise escaped. */
export function numeric(text: string): Markup {
  const powers = escapeText(text).replace(/(?<![\w.])(-?\d(?:\.\d+)?)e(-?\d+)(?![\w.])/g, '$1·10<sup>$2</sup>');
  return { html: powers.replace(/(?<=^|[^\w)])-(?=\d)/g, '−') };
}

interface HtmlTable {
  readonly head: readonly Content[];
  readonly rows: readonly (readonly Content[])[];
  readonly right: readonly boolean[];
  /** Columns of text that may take several lines. */
  readonly wrap?: readonly boolean[];
  readonly caption?: string;
}

/** A table that scrolls sideways where it must; the first cell of a row names it. */
export function table({ head, rows, right, wrap = [], caption }: HtmlTable): Markup {
  const aligned = (column: number): string => (right[column] === true ? ' class="right"' : wrap[column] === true ? ' class="wrap"' : '');
  const headCells = head.map((content, column) => `<th scope="col"${aligned(column)}>${htmlOf(content)}</th>`).join('');
  const line = (row: readonly Content[]): string =>
    `<tr>${row
      .map((content, column) => {
        const tag = column === 0 ? 'th scope="row"' : 'td';
        return `<${tag}${aligned(column)}>${htmlOf(content)}</${tag.slice(0, 2)}>`;
      })
      .join('')}</tr>`;
  const title = caption === undefined ? '' : `<caption>${escapeText(caption)}</caption>`;
  return {
    html: `<div class="scroll" tabindex="0"><table>${title}<thead><tr>${headCells}</tr></thead><tbody>${rows.map(line).join('')}</tbody></table></div>`,
  };
}

/** A table of text, its numbers set as numbers. */
export function textTableHtml({ head, rows, right }: Table, caption?: string): Markup {
  const set = (row: readonly string[]): Markup[] => row.map(numeric);
  return table({ head, rows: rows.map(set), right, ...(caption === undefined ? {} : { caption }) });
}

/** Rows of names and what they stand for. */
export function definitions(entries: readonly (readonly [Content, Content])[]): Markup {
  return joined([
    { html: '<dl>' },
    ...entries.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`),
    { html: '</dl>' },
  ]);
}

/** What is a click away; on paper only where it is said to be printed. */
export function details(summary: Content, content: Content, printed = false): Markup {
  return markup`<details${printed ? ' class=print' : ''}><summary>${summary}</summary>${content}</details>`;
}

export function preformatted(content: Content): Markup {
  return markup`<pre tabindex="0">${content}</pre>`;
}

/** The mark of a series beside its name in a table. */
export function swatch(style: number | undefined): Markup {
  if (style === undefined) return { html: '' };
  return {
    html: element('svg', { class: 'swatch', viewBox: '0 0 26 10', width: 26, height: 10, 'aria-hidden': 'true' }, sample(style, 0, 5)),
  };
}

/** Widths figures are drawn at: for a page, and for a phone. */
const NARROW = 358;

/** A figure with its caption and the numbers behind it. */
export function figureHtml({ name, caption, draw, table: behind }: ReportFigure, className = ''): Markup {
  const classes = `figure ${className}`.trim();
  const numbers = behind.rows.length === 0 ? '' : details('Numbers of this figure', textTableHtml(behind));
  const drawing = { html: `<div class="wide">${draw()}</div><div class="narrow">${draw(NARROW)}</div>` };
  return markup`<figure role="figure" class="${classes}" aria-labelledby="caption-${name}">${drawing}<figcaption id="caption-${name}">${caption} <span class="file">figures/${name}.svg, .png</span></figcaption>${numbers}</figure>`;
}

function font(file: string): string {
  return readFileSync(packageUrl(`assets/fonts/${file}`)).toString('base64');
}

function fontFaces(): string {
  const face = (file: string, weights: string): string =>
    `@font-face{font-family:Inter;font-weight:${weights};font-display:block;src:url(data:font/woff2;base64,${font(file)}) format("woff2")}`;
  return face('inter-400-subset.woff2', '100 500') + face('inter-600-subset.woff2', '501 900');
}

const rules = `
:root{color-scheme:light dark;--ink:#16181d;--soft:#5a6069;--line:#dfe1e5;--rule:#16181d;--page:#fff;--panel:#f6f7f9;--accent:#1d65bf;--mark:#fff0c2;--warn:#ce8800}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ec;--soft:#a0a6b0;--line:#33373e;--rule:#8b919b;--page:#15171a;--panel:#1d2024;--accent:#7fb0ff;--mark:#4a3d12;--warn:#f5c542}DARK}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0 auto;padding:3rem 1.5rem 5rem;max-width:52rem;background:var(--page);color:var(--ink);font:15px/1.6 Inter,system-ui,sans-serif;overflow-wrap:break-word}
h1{font-size:1.85rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.022em;font-weight:600;overflow-wrap:anywhere}
h2{font-size:1.12rem;margin:3rem 0 .8rem;letter-spacing:-.01em;font-weight:600}
h3{font-size:.95rem;margin:1.6rem 0 .5rem;font-weight:600}
p{margin:.5rem 0;max-width:44rem}
.lead{font-size:1.05rem;color:var(--ink)}.soft,figcaption,.file{color:var(--soft)}
.facts{color:var(--soft);margin:.2rem 0 0}.facts b{color:var(--ink);font-weight:600}
nav{margin:1.4rem 0 0;font-size:.84rem;border-block:1px solid var(--line);padding:.45rem 0}nav a{margin-right:.95rem;white-space:nowrap}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible,.scroll:focus-visible,pre:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
figure{margin:1.2rem 0 2rem}figure svg{width:100%;height:auto;display:block;overflow:visible}
figcaption{font-size:.84rem;line-height:1.5;margin-top:.5rem;max-width:44rem}.file{opacity:.8;white-space:nowrap}
.narrow{display:none}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.845rem;line-height:1.45;width:100%}
caption{text-align:left;color:var(--soft);padding-bottom:.4rem}
thead th{font-weight:600;border-bottom:1.2px solid var(--rule);border-top:1.2px solid var(--rule)}tbody tr:last-child>*{border-bottom:1.2px solid var(--rule)}
tbody th{font-weight:400}th,td{text-align:left;padding:.34rem .9rem .34rem 0;vertical-align:baseline;border-bottom:1px solid var(--line)}th:last-child,td:last-child{padding-right:0}
th:not(.wrap),td:not(.wrap){white-space:nowrap}.wrap{min-width:6.8rem;overflow-wrap:anywhere}.right{text-align:right;font-feature-settings:"tnum"}
sup{font-size:.72em;line-height:0}.swatch{width:26px;height:10px;vertical-align:middle;margin-right:.55rem}
.best td:last-child,.best th{font-weight:600}.lost{color:var(--warn);font-weight:600}
code,pre,.hash{font:.92em/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}.hash{font-size:.78rem}
pre{font-size:.78rem;background:var(--panel);border-radius:5px;padding:.8rem 1rem;overflow-x:auto;margin:.6rem 0}
mark{background:var(--mark);color:inherit;border-radius:2px;padding:.05em .15em;margin:0 -.15em}
dl{margin:.6rem 0;font-size:.9rem}dl>div{display:grid;grid-template-columns:10.5rem 1fr;gap:1rem;padding:.3rem 0;border-bottom:1px solid var(--line)}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--accent);font-size:.87rem;width:fit-content}details[open]>summary{margin-bottom:.3rem}
.note{border-left:2.5px solid var(--warn);padding:.05rem 0 .05rem .8rem;margin:.7rem 0;font-size:.9rem}
.axis>input{position:absolute;opacity:0;pointer-events:none}.axis>label{display:inline-block;padding:.16rem .7rem;margin:0 .3rem 0 0;border:1px solid var(--line);border-radius:99px;font-size:.82rem;cursor:pointer;color:var(--soft)}
.axis>legend{display:contents}.axis{border:0;padding:0;margin:0;min-width:0}.axis>.name{font-size:.82rem;color:var(--soft);margin-right:.6rem}
.axis>input:checked+label{border-color:var(--accent);color:var(--accent)}.axis>input:focus-visible+label{outline:2px solid var(--accent);outline-offset:2px}.axis>figure{display:none}
@media(max-width:40rem){body{padding:1.5rem 1rem 3rem;font-size:15px}h1{font-size:1.5rem}.wide{display:none}.narrow{display:block}dl>div{grid-template-columns:1fr;gap:0}.axis>label{margin-bottom:.4rem}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#ccc;--rule:#000;--page:#fff;--panel:#fff;--accent:#000;--mark:#eee}body{max-width:none;padding:0;font-size:10pt}nav,.axis>label,.axis>.name,details:not(.print),.file{display:none}summary{list-style:none;color:#000;font-weight:600}table{font-size:8.5pt}td .hash{font-size:6pt;white-space:normal;overflow-wrap:anywhere}figure,tr,.note{break-inside:avoid}h2,h3{break-after:avoid}.scroll{overflow:visible}.wide{display:block}.narrow{display:none}th:not(.wrap),td:not(.wrap){white-space:normal}pre{white-space:pre-wrap;border:.5pt solid #ccc}details.print::details-content{content-visibility:visible;display:block;block-size:auto}}
`;

/** The key of the study a page is about. */
export function studyOfPage(html: string): string | undefined {
  return /<meta name="marinade-study" content="([^"]*)">/.exec(html)?.[1];
}

/** A whole page around its content, about one study. */
export function page(title: string, studyKey: string, content: Content, extraRules: string): string {
  // Print is always on white: the dark inks stay inside the dark query, which printing does not match.
  const style = fontFaces() + rules.replace('DARK', darkSeriesRules()) + extraRules;
  const policy = "default-src 'none'; style-src 'unsafe-inline'; font-src data:";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="marinade-study" content="${escapeText(studyKey)}"><title>${escapeText(title)}</title><style>${style}</style></head>
<body><main>${htmlOf(content)}</main></body></html>
`;
}
