/** One run: its curves, what it is, how it went, and what may be done to it. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JournalEntry, MetricFacts } from '../../../shared/contracts/dashboard.ts';
import type { AttemptRow, StudyRun } from '../../../shared/contracts/ledger.ts';
import { Configuration } from '../parts/configuration.tsx';
import { EventList } from '../parts/events.tsx';
import { ErrorNotice } from '../parts/notice.tsx';
import { Outcome } from '../parts/outcomes.tsx';
import { RunActions } from '../parts/run-actions.tsx';
import { RunCurves } from '../parts/run-curves.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { type ApiError, get } from '../state/api.ts';
import { ago, clock, duration, grouped, shortNumber } from '../state/format.ts';
import { onChange } from '../state/stream.ts';

export interface RunAnswer {
  readonly run: StudyRun;
  readonly attempts: readonly AttemptRow[];
  readonly checkpoints: readonly number[];
  readonly study: { readonly studyKey: string; readonly name: string } | null;
  readonly metrics: readonly MetricFacts[];
}

const PACE_MS = 900;

export function RunPage({ runKey }: { readonly runKey: string }) {
  const answer = useSignal<RunAnswer | undefined>(undefined);
  const journal = useSignal<readonly JournalEntry[]>([]);
  const problem = useSignal<string | undefined>(undefined);
  useEffect(() => {
    let pending = false;
    let left = false;
    const load = async (): Promise<void> => {
      try {
        const found = await get<RunAnswer>(`/runs/${runKey}`);
        const { events } = await get<{ events: readonly JournalEntry[] }>(`/journal?run=${found.run.runKey}&limit=200`);
        if (left) return;
        answer.value = found;
        journal.value = events;
        problem.value = undefined;
        document.title = `${found.run.runKey.slice(0, 8)} · ${found.study?.name ?? 'run'} · marinade`;
      } catch (thrown) {
        if ((thrown as ApiError).status === 404) problem.value = `There is no run ${runKey} in this results folder.`;
      }
    };
    void load();
    const stop = onChange((heard) => {
      const mine = heard.kind === 'resync' || heard.change.runs === null || heard.change.runs.some((key) => key.startsWith(runKey));
      if (!mine || pending) return;
      pending = true;
      setTimeout(() => {
        pending = false;
        void load();
      }, PACE_MS);
    });
    return () => {
      left = true;
      stop();
    };
  }, [runKey]);

  if (problem.value !== undefined) return <ErrorNotice message={problem.value} />;
  const known = answer.value;
  if (known === undefined) return <div class="card empty">Loading the run…</div>;
  const { run, attempts, checkpoints } = known;
  return (
    <>
      <Head known={known} journal={journal.value} />
      {run.failure !== null && <ErrorNotice message={`${run.failure.code}: ${run.failure.message}`} />}
      {run.warnings.length > 0 && (
        <div class="notice warn">
          <strong aria-hidden="true">!</strong>
          <div>
            {run.warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
          </div>
        </div>
      )}
      <RunCurves run={run} metrics={known.metrics} />
      <div class="two">
        <Configuration run={run} />
        <div class="side">
          <Numbers run={run} />
          <Attempts attempts={attempts} />
          <section class="card">
            <header>
              <h2>Journal</h2>
              <span class="soft">newest first</span>
            </header>
            {/* biome-ignore lint/a11y/useSemanticElements: a scroller inside the section that names it */}
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys must scroll it */}
            <div style={{ maxHeight: '360px', overflow: 'auto' }} class="scroll" role="region" aria-label="Journal" tabIndex={0}>
              <EventList events={journal.value} naming={false} />
            </div>
          </section>
          {checkpoints.length > 0 && <p class="soft">Checkpoints kept at rounds {checkpoints.map(grouped).join(', ')}.</p>}
        </div>
      </div>
    </>
  );
}

function Head({ known: { run, study, checkpoints }, journal }: { readonly known: RunAnswer; readonly journal: readonly JournalEntry[] }) {
  const at = Math.max(0, run.committedRound);
  const stored = journal.find(({ kind }) => kind === 'round-job:commit');
  const parameters = Object.values(run.parameters);
  return (
    <header class="card">
      <p class="soft">
        {study === null ? 'Run' : <a href={`/studies/${study.studyKey}`}>{study.name}</a>} <span aria-hidden="true">›</span>{' '}
        <span class="mono" title={run.runKey}>
          {run.runKey.slice(0, 12)}
        </span>
      </p>
      <div class="row spread">
        <div>
          <h1>{parameters.length === 0 ? 'Run' : parameters.map(labelOf).join(' · ')}</h1>
          <p class="row soft" style={{ marginTop: '4px' }}>
            <Outcome name={run.outcome ?? run.state} />
            <span>seed {run.seed}</span>
            <span>
              round {grouped(at)} of {grouped(run.rounds)}
            </span>
            <span>{duration(run.computeSeconds)} computed</span>
            {checkpoints.length > 0 && stored !== undefined && run.outcome === null && <span>checkpoint {ago(stored.at)}</span>}
            {run.deaths > 0 && <span class="tag warn">{run.deaths} deaths in a row</span>}
          </p>
        </div>
        <RunActions run={run} />
      </div>
      {run.outcome === null && (
        <div class="bar" role="progressbar" aria-label="Rounds" aria-valuemin={0} aria-valuemax={run.rounds} aria-valuenow={at}>
          <span class="tone-run" style={{ width: `${(100 * at) / run.rounds}%` }} />
        </div>
      )}
    </header>
  );
}

/** A parameter's value in few words. */
export function labelOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(labelOf).join(' + ');
  const { name, ...rest } = value as Record<string, unknown>;
  const parts = Object.entries(rest).map(([key, inner]) =>
    key === 'preAggregators' ? `behind ${labelOf(inner)}` : `${key} ${labelOf(inner)}`,
  );
  return [name === undefined ? '' : String(name), parts.join(', ')].filter((part) => part !== '').join(' ');
}

function Numbers({ run }: { readonly run: StudyRun }) {
  return (
    <section class="card">
      <h2>Numbers</h2>
      <Scroll label="Numbers">
        <table>
          <thead>
            <tr>
              <th scope="col">metric</th>
              {['first', 'last', 'smallest', 'largest'].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Object.entries(run.summaries).map(([metric, { first, last, min, max }]) => (
              <tr key={metric}>
                <th scope="row">{metric}</th>
                {[first, last, min, max].map((value, i) => (
                  <td key={['first', 'last', 'min', 'max'][i]} class="number">
                    {shortNumber(value === null ? Number.NaN : Number(value))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {run.resultHash !== null && (
        <p class="soft wrap">
          result hash <span class="mono">{run.resultHash}</span>
        </p>
      )}
    </section>
  );
}

function Attempts({ attempts }: { readonly attempts: readonly AttemptRow[] }) {
  return (
    <section class="card">
      <h2>Attempts</h2>
      {attempts.length === 0 ? (
        <p class="soft">None yet: the run waits for its turn.</p>
      ) : (
        <Scroll label="Attempts">
          <table>
            <thead>
              <tr>
                <th scope="col">began</th>
                <th scope="col">worker</th>
                <th scope="col" class="number">
                  from round
                </th>
                <th scope="col" class="number">
                  lasted
                </th>
                <th scope="col">ended</th>
              </tr>
            </thead>
            <tbody>
              {attempts.toReversed().map(({ fence, worker, fromRound, startedAt, endedAt, reason }) => (
                <tr key={fence}>
                  <td title={startedAt}>{clock(startedAt)}</td>
                  <td class="wrap">{worker}</td>
                  <td class="number">{grouped(Math.max(0, fromRound))}</td>
                  <td class="number">{duration(((endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000)}</td>
                  <td>{endedAt === null ? 'under way' : reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}
