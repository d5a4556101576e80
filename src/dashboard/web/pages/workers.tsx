/** Who works: age of the last sign of life, what each is busy with, how fast; and the way to let one leave. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { WorkerInfo } from '../../../shared/contracts/commands.ts';
import { act, askBack } from '../parts/ask.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { about, get, send } from '../state/api.ts';
import { bytes, compact, count, duration } from '../state/format.ts';

interface Answer {
  readonly workers: readonly WorkerInfo[];
  readonly here: WorkerInfo | null;
}

const PACE_MS = 2000;

export function WorkersPage() {
  const answer = useSignal<Answer | undefined>(undefined);
  const paces = useSignal<ReadonlyMap<string, number>>(new Map());
  const before = useRef(new Map<string, { readonly rounds: number; readonly at: number }>());
  useEffect(() => {
    document.title = 'Workers · marinade';
    let timer: number | undefined;
    let left = false;
    const load = async (): Promise<void> => {
      try {
        const found = await get<Answer>('/workers');
        const now = performance.now();
        const next = new Map(paces.value);
        for (const { id, rounds } of [...found.workers, ...(found.here === null ? [] : [found.here])]) {
          const last = before.current.get(id);
          // A worker of the queue tells its count only with its sign of life.
          if (last === undefined || last.rounds !== rounds || now - last.at > 15_000) {
            if (last !== undefined) next.set(id, Math.max(0, (1000 * (rounds - last.rounds)) / (now - last.at)));
            before.current.set(id, { rounds, at: now });
          }
        }
        paces.value = next;
        answer.value = found;
      } catch {
        // Asked again in a moment.
      }
      if (!left) timer = setTimeout(() => void load(), PACE_MS);
    };
    void load();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  const known = answer.value;
  if (known === undefined) return <div class="card empty">Looking for workers…</div>;
  const all = known.here === null ? known.workers : [known.here];
  const threads = all.reduce((sum, worker) => sum + worker.threads, 0);
  return (
    <section class="card" aria-labelledby="workers-title">
      <header>
        <h2 id="workers-title">Workers</h2>
        <span class="soft">
          {count(all.length, 'worker')}, {count(threads, 'thread')}
        </span>
      </header>
      {all.length === 0 ? (
        <Nobody />
      ) : (
        <Scroll label="Workers">
          <table>
            <thead>
              <tr>
                <th scope="col">worker</th>
                <th scope="col">state</th>
                <th scope="col" class="number">
                  last sign
                </th>
                <th scope="col" class="number">
                  threads
                </th>
                <th scope="col">busy with</th>
                <th scope="col" class="number">
                  rounds/s
                </th>
                <th scope="col" class="number">
                  memory
                </th>
                <th scope="col" class="number">
                  loop lag
                </th>
                <th scope="col">version</th>
                <th scope="col" class="number">
                  up
                </th>
                <th scope="col">
                  <span class="visually-hidden">actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {all.map((worker) => (
                <WorkerLine key={worker.id} worker={worker} pace={paces.value.get(worker.id)} isHere={worker === known.here} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {known.here !== null && (
        <p class="soft">
          This server computes in its own process. With <code>marinade serve --redis …</code> it hands out jobs to workers on any number of
          machines.
        </p>
      )}
    </section>
  );
}

function Nobody() {
  return (
    <div class="empty">
      <p>
        <strong>No workers are running.</strong>
      </p>
      <p>
        {about.value?.queue ? (
          <>
            Start one on any machine with <code>marinade worker --redis …</code>
          </>
        ) : (
          'This folder is only looked at.'
        )}
      </p>
    </div>
  );
}

function WorkerLine({
  worker,
  pace,
  isHere,
}: {
  readonly worker: WorkerInfo;
  readonly pace: number | undefined;
  readonly isHere: boolean;
}) {
  const { id, host, pid, state, silentSeconds, threads, running, rssBytes, loopLagMs, version, node, startedAt } = worker;
  const isLate = silentSeconds > 20;
  return (
    <tr>
      <td title={id}>
        <b>{host}</b> <span class="soft">{pid}</span>
      </td>
      <td>
        {state === 'draining' ? (
          <span class="tag warn">draining</span>
        ) : isLate ? (
          <span class="tag warn">silent</span>
        ) : isHere ? (
          'this server'
        ) : (
          'working'
        )}
      </td>
      <td class="number">{isHere ? 'now' : `${duration(silentSeconds)} ago`}</td>
      <td class="number">{threads}</td>
      <td>
        {running.length === 0 ? (
          <span class="soft">nothing</span>
        ) : (
          running.slice(0, 3).map((runKey) => (
            <a key={runKey} class="mono" href={`/runs/${runKey}`} style={{ marginRight: '8px' }}>
              {runKey.slice(0, 8)}
            </a>
          ))
        )}
        {running.length > 3 && <span class="soft">and {running.length - 3} more</span>}
      </td>
      <td class="number">{pace === undefined ? '–' : compact(pace)}</td>
      <td class="number">{bytes(rssBytes)}</td>
      <td class="number">{loopLagMs} ms</td>
      <td class="soft">
        {version}, Node {node}
      </td>
      <td class="number">{duration((Date.now() - Date.parse(startedAt)) / 1000)}</td>
      <td>
        {!isHere && about.value?.role === 'operator' && (
          <button
            type="button"
            disabled={state === 'draining'}
            onClick={() =>
              askBack({
                title: `Let ${host} leave?`,
                text: 'Its jobs end at their next round and go to others; then its process ends. Nothing is lost.',
                yes: 'Let it leave',
                act: () => act(() => send('POST', `/workers/${id}/drain`), `${host} hands back its jobs and leaves.`),
              })
            }
          >
            Drain
          </button>
        )}
      </td>
    </tr>
  );
}
