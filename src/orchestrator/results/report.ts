/** The report of a study: one self-contained HTML file without scripts, readable on paper, on a phone, in the dark. */
import { asked, descriptionOf } from './report-asked.ts';
import { configuration } from './report-configuration.ts';
import { gatherReportData, type ReportData, type ReportSource } from './report-data.ts';
import { constantMetrics, furtherFigures, headlineFigures, type ReportFigure } from './report-figures.ts';
import { type Content, definitions, figureHtml, joined, type Markup, markup, page } from './report-html.ts';
import { axisNames, metricTitle } from './report-names.ts';
import { best, citation, cohortTable, facts, outcomes, reproduction, runTable, warnings } from './report-sections.ts';
import { standInNote } from './run-data.ts';
import { shortNumber } from './tables.ts';

interface RenderedReport {
  readonly html: string;
  readonly figures: readonly ReportFigure[];
}

interface Section {
  readonly id: string;
  readonly title: string;
  /** In the list of sections, if shorter. */
  readonly short?: string;
  readonly content: Content;
}

/** Renders a study; the same data give the same bytes. */
export async function renderReport(source: ReportSource): Promise<RenderedReport> {
  const data = await gatherReportData(source);
  const headline = headlineFigures(data);
  const further = furtherFigures(data);
  const sections = sectionsOf(data, headline, further);
  const title = `${data.study.name} · marinade`;
  const description = descriptionOf(data.study.source);
  const standIn = standInNote(data.runs);
  const links = joined(sections.map(({ id, title: name, short }) => markup`<a href="#${id}">${short ?? name}</a>`));
  const content = joined([
    markup`<header><h1>${data.study.name}</h1>${description === undefined ? '' : markup`<p class="lead">${description}</p>`}${facts(data)}${standIn === undefined ? '' : markup`<p class="note" role="note"><b>${standIn}.</b></p>`}<nav aria-label="Sections">${links}</nav></header>`,
    ...sections.map(({ id, title: name, content: inside }) => markup`<section id="${id}"><h2>${name}</h2>${inside}</section>`),
  ]);
  return { html: page(title, data.study.studyKey, content, axisRules(headline.length)), figures: [...headline, ...further] };
}

function sectionsOf(data: ReportData, headline: readonly ReportFigure[], further: readonly ReportFigure[]): Section[] {
  const named = (name: string): ReportFigure | undefined => further.find((figure) => figure.name === name);
  const [last, majorities] = [named('last-values'), named('majorities')];
  const metrics = further.filter((figure) => figure !== last && figure !== majorities);
  const constants = constantMetrics(data);
  const [bestChoices, limits] = [best(data), warnings(data)];
  const none: Section[] = [];
  return [
    { id: 'asked', title: 'What was asked', short: 'Asked', content: asked(data) },
    { id: 'outcomes', title: 'Outcomes', content: outcomes(data) },
    ...(bestChoices === undefined ? none : [{ id: 'best', title: 'Best choices', short: 'Best', content: bestChoices }]),
    ...(data.headline === undefined || headline.length === 0
      ? none
      : [
          {
            id: 'curves',
            title: metricTitle(data.headline),
            content: joined([switchable(data, headline), last === undefined ? '' : figureHtml(last)]),
          },
        ]),
    ...(majorities === undefined
      ? none
      : [{ id: 'cohorts', title: 'Cohorts', content: joined([figureHtml(majorities), cohortTable(data)]) }]),
    ...(metrics.length + constants.length === 0
      ? none
      : [
          {
            id: 'metrics',
            title: 'Further metrics',
            short: 'Metrics',
            content: joined([
              ...metrics.map((figure) => markup`<h3>${figure.title}</h3>${figureHtml(figure)}`),
              ...constants.map(({ name, value }) => constantWords(name, value)),
            ]),
          },
        ]),
    ...(limits === undefined ? none : [{ id: 'limits', title: 'Limits and waivers', short: 'Limits', content: limits }]),
    { id: 'configuration', title: 'Configuration', content: configuration(data.cells) },
    { id: 'versions', title: 'Versions and hashes', short: 'Versions', content: joined([versions(data), runTable(data)]) },
    { id: 'reproduce', title: 'Reproduce', content: reproduction(data) },
    { id: 'cite', title: 'Cite', content: citation(data) },
  ];
}

/** In place of a figure in which every line would lie on the others, all along. */
function constantWords(metric: string, value: number | undefined): Markup {
  const words =
    value === undefined
      ? 'no run recorded a number.'
      : markup`${shortNumber(value)} at every recorded round of every run: there is no figure of it.`;
  return markup`<p><b>${metricTitle(metric)}</b> (${metric}): ${words}</p>`;
}

function versions({ facts: known }: ReportData): Markup {
  return definitions(known.map(({ name, value }) => [name, markup`<span class="hash">${value}</span>`]));
}

/** The headline figure with a choice of axis: radio buttons and style rules, no script. */
function switchable(data: ReportData, figures: readonly ReportFigure[]): Markup {
  const rule = data.layout.rule === undefined ? '' : markup`<p class="soft">${data.layout.rule}</p>`;
  if (figures.length === 1) {
    return markup`${rule}${figureHtml(figures[0]!)}<p class="soft">To choose gradient evaluations or bits as the axis, add gradient-evaluations and uplink-bits to metrics.names.</p>`;
  }
  const inputs = figures.map((_, i) => {
    const { short } = axisNames[data.axes[i]!]!;
    return { html: `<input type="radio" name="axis" id="axis-${i}"${i === 0 ? ' checked' : ''}><label for="axis-${i}">${short}</label>` };
  });
  const drawn = figures.map((figure, i) => figureHtml(figure, `axis-${i}`));
  return markup`${rule}<div class="axis" role="group" aria-label="Horizontal axis"><span class="name">Axis</span>${joined(inputs)}${joined(drawn)}</div>`;
}

function axisRules(count: number): string {
  return count < 2 ? '' : Array.from({ length: count }, (_, i) => `#axis-${i}:checked~.axis-${i}{display:block}`).join('');
}
