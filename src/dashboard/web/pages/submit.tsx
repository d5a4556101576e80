/** A study by pasting or uploading its YAML: errors at their lines, and the plan, before anything is submitted. */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PlannedOutline } from '../../../shared/contracts/commands.ts';
import { ErrorNotice } from '../parts/notice.tsx';
import { type ApiError, about, send } from '../state/api.ts';
import { compact, count, grouped } from '../state/format.ts';
import { navigate } from '../state/route.ts';

/** What was written stays while other pages are looked at. */
const text = signal('');

interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The source line with a mark, and what else was said. */
  readonly more: string;
}

/** The server's message in places: `study:3:7: what is wrong`, then the line and a mark below it. */
export function problemsOf(message: string): Problem[] {
  const problems: Problem[] = [];
  for (const line of message.split('\n')) {
    const found = /^study:(\d+):(\d+): (.*)$/.exec(line);
    const last = problems.at(-1);
    if (found !== null) problems.push({ line: Number(found[1]), column: Number(found[2]), message: found[3]!, more: '' });
    else if (last !== undefined) problems[problems.length - 1] = { ...last, more: `${last.more}${last.more === '' ? '' : '\n'}${line}` };
  }
  return problems;
}

export function SubmitPage() {
  const plan = useSignal<{ readonly of: string; readonly outline: PlannedOutline } | undefined>(undefined);
  const failed = useSignal<{ readonly of: string; readonly message: string } | undefined>(undefined);
  const busy = useSignal(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLPreElement>(null);
  useEffect(() => {
    document.title = 'Submit a study · marinade';
  }, []);
  if (about.value?.role !== 'operator' || !about.value.acts) return <ErrorNotice message="Submitting needs the operator’s log-in." />;

  const current = text.value;
  const outline = plan.value?.of === current ? plan.value.outline : undefined;
  const failure = failed.value?.of === current ? failed.value.message : undefined;
  const problems = failure === undefined ? [] : problemsOf(failure);
  const wrong = new Set(problems.map(({ line }) => line));

  const check = async (): Promise<void> => {
    busy.value = true;
    const of = current;
    try {
      plan.value = { of, outline: (await send<{ plan: PlannedOutline }>('POST', '/plan', { text: of })).plan };
      failed.value = undefined;
    } catch (thrown) {
      failed.value = { of, message: (thrown as ApiError).message };
      plan.value = undefined;
    }
    busy.value = false;
  };
  const submit = async (): Promise<void> => {
    busy.value = true;
    try {
      const { submitted } = await send<{ submitted: { readonly studyKey: string } }>('POST', '/studies', { text: current });
      text.value = '';
      navigate(`/studies/${submitted.studyKey}`);
    } catch (thrown) {
      failed.value = { of: current, message: (thrown as ApiError).message };
    }
    busy.value = false;
  };
  const goTo = ({ line, column }: Problem): void => {
    const lines = current.split('\n');
    const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
    area.current?.focus();
    area.current?.setSelectionRange(at, at + Math.max(1, (lines[line - 1]?.length ?? 0) - column + 1));
    if (area.current !== null) area.current.scrollTop = Math.max(0, (line - 6) * 20);
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) text.value = await file.text();
  };
  return (
    <>
      <div class="row spread">
        <h1>Submit a study</h1>
        <label class="button">
          Choose a file
          <input
            type="file"
            accept=".yaml,.yml,text/yaml"
            class="visually-hidden"
            onChange={(event) => void take(event.currentTarget.files?.[0])}
          />
        </label>
      </div>
      <div class="two wide-left">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a shortcut for the button above */}
        <div
          class="editor"
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            if (event.dataTransfer?.files.length === 0) return;
            event.preventDefault();
            void take(event.dataTransfer?.files[0]);
          }}
        >
          <pre ref={numbers} class="numbers" aria-hidden="true">
            {Array.from({ length: Math.max(20, current.split('\n').length) }, (_, i) => (
              <div key={i + 1}>
                <span class={wrong.has(i + 1) ? 'wrong' : ''}>{i + 1}</span>
              </div>
            ))}
          </pre>
          <textarea
            ref={area}
            aria-label="The study, as YAML"
            aria-invalid={problems.length > 0}
            aria-describedby="problems"
            spellcheck={false}
            placeholder={'study: my-first\nexperiment:\n  …\n\nPaste a study here, or drop a file.'}
            value={current}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
            onScroll={(event) => {
              if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop;
            }}
          />
        </div>
        <div class="side" id="problems" aria-live="polite">
          {outline === undefined ? (
            <section class="card">
              <h2>{failure === undefined ? 'First the plan' : count(problems.length || 1, 'problem')}</h2>
              {failure === undefined && <p class="soft">The plan shows what would be computed. Nothing begins before you confirm it.</p>}
              {failure !== undefined && problems.length === 0 && <ErrorNotice message={failure} />}
              {problems.length > 0 && (
                <ol class="problems">
                  {problems.map((problem) => (
                    <li key={`${problem.line}:${problem.column}:${problem.message}`}>
                      <button type="button" onClick={() => goTo(problem)}>
                        line {problem.line}
                      </button>{' '}
                      {problem.message}
                      {problem.more !== '' && (
                        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys must scroll it
                        <pre tabIndex={0}>{problem.more}</pre>
                      )}
                    </li>
                  ))}
                </ol>
              )}
              <div class="row">
                <button type="button" class="primary" disabled={busy.value || current.trim() === ''} onClick={() => void check()}>
                  {busy.value ? 'Planning…' : 'Show the plan'}
                </button>
              </div>
            </section>
          ) : (
            <Outline outline={outline} busy={busy.value} onSubmit={() => void submit()} />
          )}
        </div>
      </div>
    </>
  );
}

function Outline({ outline, busy, onSubmit }: { readonly outline: PlannedOutline; readonly busy: boolean; readonly onSubmit: () => void }) {
  const { study, runs, cells, seeds, rounds, known, parameters, dropped, warnings } = outline;
  return (
    <section class="card" aria-label="The plan">
      <h2>{study}</h2>
      <dl class="tiles">
        <div class="tile">
          <dt>runs</dt>
          <dd>{grouped(runs)}</dd>
        </div>
        <div class="tile">
          <dt>rounds</dt>
          <dd>{compact(rounds)}</dd>
        </div>
      </dl>
      <p>
        {count(cells, 'cell')} × {count(seeds, 'seed')}
        {parameters.length > 0 && <>: {parameters.map(({ path, values }) => `${path} (${values})`).join(', ')}</>}.
        {known > 0 && ` ${count(known, 'run')} of them are known here and not computed again.`}
      </p>
      {warnings.slice(0, 6).map((warning) => (
        <p key={warning} class="soft wrap">
          Note: {warning}
        </p>
      ))}
      {dropped.length > 0 && (
        <details>
          <summary>{count(dropped.length, 'cell')} left out</summary>
          <ul>
            {dropped.map(({ parameters: of, why }) => (
              <li key={JSON.stringify(of)} class="wrap">
                <code>{JSON.stringify(of)}</code>: {why}
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="row">
        <button type="button" class="primary" disabled={busy} onClick={onSubmit}>
          {busy ? 'Submitting…' : `Submit ${count(runs, 'run')}`}
        </button>
      </div>
    </section>
  );
}
