/** What an orchestrator tells Prometheus: few series, none per run. */
import type { OrchestratorCommands } from '../shared/contracts/commands.ts';
import type { LedgerReader } from '../shared/contracts/ledger.ts';

interface Journal {
  events(after: number, limit?: number): Promise<readonly { readonly seq: number; readonly kind: string }[]>;
}

const counted: Readonly<Record<string, string>> = {
  'round-job:fence': 'marinade_fence_rejections_total',
  'round-job:disagree': 'marinade_determinism_violations_total',
  'run:death': 'marinade_deaths_total',
  'attempt:begin': 'marinade_attempts_total',
  'round-job:commit': 'marinade_commits_total',
};

/** The text of `GET /metrics`. Events are counted from where the last call stopped. */
export function createMetrics(
  ledger: LedgerReader & Journal,
  commands: OrchestratorCommands,
  orchestrator: { readonly outstanding: number; readonly roundsCommitted: number },
): () => Promise<string> {
  const counts = new Map(Object.values(counted).map((name) => [name, 0]));
  let seen = 0;
  const count = async (): Promise<void> => {
    for (;;) {
      const events = await ledger.events(seen, 1000);
      for (const { seq, kind } of events) {
        seen = seq;
        const name = counted[kind];
        if (name !== undefined) counts.set(name, counts.get(name)! + 1);
      }
      if (events.length < 1000) return;
    }
  };
  let counting = Promise.resolve();
  return async () => {
    // One scrape after the other: none counts an event twice.
    counting = counting.then(count, count);
    await counting;
    const asked = performance.now();
    await ledger.events(seen, 1);
    const ledgerSeconds = (performance.now() - asked) / 1000;
    const states: Record<string, number> = {};
    for (const study of await ledger.studies())
      for (const [state, runs] of Object.entries(study.states)) states[state] = (states[state] ?? 0) + runs;
    // A Redis that is away must not take all other numbers with it.
    const workers = await commands.workers().catch(() => []);
    const advance = commands.advance();
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const lines = [
      ...gauge(
        'marinade_runs',
        'runs by state',
        Object.entries(states).map(([state, runs]) => [`{state="${state}"}`, runs]),
      ),
      ...gauge('marinade_outstanding_jobs', 'round jobs waiting in the queue or being computed', [['', orchestrator.outstanding]]),
      ...gauge('marinade_workers', 'workers that live', [['', workers.length]]),
      ...gauge('marinade_worker_threads', 'threads of all workers', [['', sum(workers.map(({ threads }) => threads))]]),
      ...gauge('marinade_worker_silent_seconds', 'longest silence of a worker', [
        ['', Math.max(0, ...workers.map(({ silentSeconds }) => silentSeconds))],
      ]),
      ...gauge('marinade_rounds_left', 'rounds of the studies under way', [['', sum(advance.map(({ roundsLeft }) => roundsLeft))]]),
      ...counter('marinade_rounds_total', 'rounds committed since the start', orchestrator.roundsCommitted),
      ...[...counts].flatMap(([name, count]) => counter(name, 'events of the ledger', count)),
      ...gauge('marinade_ledger_seconds', 'time until the ledger answers a small question', [['', ledgerSeconds]]),
      ...gauge('process_resident_memory_bytes', 'resident memory', [['', process.memoryUsage.rss()]]),
    ];
    return `${lines.join('\n')}\n`;
  };
}

function gauge(name: string, help: string, values: readonly (readonly [labels: string, value: number])[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...values.map(([labels, value]) => `${name}${labels} ${value}`)];
}

function counter(name: string, help: string, value: number): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} counter`, `${name} ${value}`];
}
