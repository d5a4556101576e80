/** A study: its runs as a heat map, as curves and as a table, all of the same selection, alive while it runs. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { BestCells } from '../parts/best-cells.tsx';
import { Comparison } from '../parts/comparison.tsx';
import { Filters } from '../parts/filters.tsx';
import { HeatMap } from '../parts/heat-map.tsx';
import { ErrorNotice } from '../parts/notice.tsx';
import { OutcomeBar } from '../parts/outcomes.tsx';
import { Parallel } from '../parts/parallel.tsx';
import { RunTable } from '../parts/run-table.tsx';
import { StudyActions } from '../parts/study-actions.tsx';
import { StudyCurves } from '../parts/study-curves.tsx';
import { TableExport } from '../parts/table-export.tsx';
import { type ApiError, get } from '../state/api.ts';
import { ago, compact, count, duration, grouped } from '../state/format.ts';
import { hasEnded } from '../state/outcomes.ts';
import type { StudyLine } from '../state/overview.ts';
import { show, shown } from '../state/route.ts';
import { onChange } from '../state/stream.ts';
import { closeStudy, failure, filtered, openStudy, outcomes, table, version } from '../state/study-table.ts';
import { heatAxes, metric, varied } from '../state/view.ts';

interface StudyAnswer {
  readonly study: StudyLine & { readonly source: string };
}

export function StudyPage({ studyKey }: { readonly studyKey: string }) {
  const study = useSignal<StudyAnswer['study'] | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const load = (): void => {
    get<StudyAnswer>(`/studies/${studyKey}`).then(
      (answer) => {
        study.value = answer.study;
        problem.value = undefined;
      },
      (thrown: ApiError) => {
        if (thrown.status === 404) problem.value = `There is no study ${studyKey} in this results folder.`;
      },
    );
  };
  useEffect(() => {
    load();
    let pending = false;
    const stop = onChange(() => {
      if (pending) return;
      pending = true;
      setTimeout(() => {
        pending = false;
        load();
      }, 1500);
    });
    return () => {
      stop();
      closeStudy();
    };
  }, [studyKey]);
  const shownMetric = shown('metric');
  useEffect(() => openStudy(studyKey, shownMetric === undefined ? [] : [shownMetric]), [studyKey, shownMetric]);
  useEffect(() => {
    document.title = `${study.value?.name ?? 'Study'} · marinade`;
  }, [study.value?.name]);

  if (problem.value !== undefined) return <ErrorNotice message={problem.value} />;
  if (table.value === undefined) {
    return failure.value === undefined ? <div class="card empty">Loading the runs…</div> : <ErrorNotice message={failure.value.message} />;
  }
  return (
    <>
      <Head study={study.value} />
      <Filters />
      <div class="two wide-right">
        <section class="card" aria-labelledby="heat-title">
          <header>
            <h2 id="heat-title">Heat map</h2>
            <HeatChoice />
          </header>
          <HeatMap />
        </section>
        <StudyCurves studyKey={studyKey} />
      </div>
      {varied.value.length > 1 && <Parallel />}
      <div class="two">
        <BestCells />
        <Comparison studyKey={studyKey} />
      </div>
      <section class="card" aria-labelledby="runs-title">
        <header>
          <h2 id="runs-title">
            Runs{' '}
            <span class="soft">
              {filtered.value.length === table.value.size
                ? grouped(table.value.size)
                : `${grouped(filtered.value.length)} of ${grouped(table.value.size)}`}
            </span>
          </h2>
          <TableExport studyName={study.value?.name ?? 'study'} />
        </header>
        <RunTable />
      </section>
      {study.value !== undefined && (
        <details class="card">
          <summary>The study file, as it was submitted</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys must scroll it */}
          <pre class="source" tabIndex={0}>
            {study.value.source}
          </pre>
        </details>
      )}
    </>
  );
}

function Head({ study }: { readonly study: StudyAnswer['study'] | undefined }) {
  void version.value;
  const known = table.value!;
  let [left, ended] = [0, 0];
  for (let row = 0; row < known.size; row++) {
    if (hasEnded(known.outcome[row]!)) ended++;
    else left += known.rounds[row]! - Math.max(0, known.committed[row]!);
  }
  const seconds = study?.advance?.secondsLeft ?? null;
  return (
    <header class="card">
      <div class="row spread">
        <div>
          <h1>{study?.name ?? 'Study'}</h1>
          <p class="soft">
            {study !== undefined && <>submitted {ago(study.submittedAt)} · </>}
            {grouped(ended)} of {count(known.size, 'run')} ended
            {left > 0 && ` · ${compact(left)} rounds left`}
            {seconds !== null && seconds > 0 && ` · about ${duration(seconds)}`}
          </p>
        </div>
        {study !== undefined && <StudyActions study={study} outcomes={outcomes.value} />}
      </div>
      <OutcomeBar counts={outcomes.value} big />
    </header>
  );
}

function HeatChoice() {
  const paths = varied.value.map(({ path }) => path);
  const { rows, columns } = heatAxes.value;
  return (
    <span class="row">
      <label>
        <span class="visually-hidden">Metric</span>
        <select value={metric.value?.name} onChange={(event) => show({ metric: event.currentTarget.value })}>
          {table.value!.metrics.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {paths.length > 1 && (
        <>
          <label>
            <span class="visually-hidden">Rows of the heat map</span>
            <select
              value={rows}
              onChange={(event) =>
                show({ rows: event.currentTarget.value, ...(event.currentTarget.value === columns ? { columns: rows } : {}) })
              }
            >
              {paths.map((path) => (
                <option key={path} value={path}>
                  {path}
                </option>
              ))}
            </select>
          </label>
          <span aria-hidden="true">×</span>
          <label>
            <span class="visually-hidden">Columns of the heat map</span>
            <select
              value={columns}
              onChange={(event) =>
                show({ columns: event.currentTarget.value, ...(event.currentTarget.value === rows ? { rows: columns } : {}) })
              }
            >
              {paths.map((path) => (
                <option key={path} value={path}>
                  {path}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
    </span>
  );
}
