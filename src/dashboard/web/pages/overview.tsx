/** All studies at a glance: how far they are, how fast it goes, what went wrong, who works. */
import { useEffect } from 'preact/hooks';
import { EventList } from '../parts/events.tsx';
import { OutcomeBar } from '../parts/outcomes.tsx';
import { Spark } from '../parts/spark.tsx';
import { about } from '../state/api.ts';
import { ago, compact, count, duration, grouped } from '../state/format.ts';
import { activity, events, type StudyLine, studies, useOverview, workers } from '../state/overview.ts';

export function Overview() {
  useEffect(() => useOverview(), []);
  useEffect(() => {
    document.title = 'Studies · marinade';
  }, []);
  const known = studies.value;
  if (known === undefined) return <div class="card empty">Loading the studies…</div>;
  return (
    <>
      <h1 class="visually-hidden">Studies</h1>
      <Figures known={known} />
      <NobodyWorks known={known} />
      <div class="two wide-left">
        <section aria-label="Studies">
          {known.length === 0 ? (
            <NoStudies />
          ) : (
            <ul class="studies">
              {known.map((study) => (
                <Study key={study.studyKey} study={study} />
              ))}
            </ul>
          )}
        </section>
        <aside class="side">
          <section class="card">
            <header>
              <h2>Rounds per second</h2>
              <span class="soft">last 10 minutes</span>
            </header>
            <Pace />
          </section>
          <section class="card">
            <h2>Recent events</h2>
            <EventList events={events.value.slice(0, 14)} />
          </section>
        </aside>
      </div>
    </>
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Rounds a second over the last half minute that is whole. */
function paceOf(): number {
  const known = activity.value;
  if (known === undefined) return 0;
  const last = known.rounds.slice(-7, -1);
  return sum(last) / (last.length * known.stretchSeconds);
}

function Figures({ known }: { readonly known: readonly StudyLine[] }) {
  const all = (name: string): number => sum(known.map(({ outcomes }) => outcomes[name] ?? 0));
  const failed = all('failed') + all('quarantined');
  const pace = paceOf();
  const roundsLeft = sum(known.filter(({ withdrawn, paused }) => !withdrawn && !paused).map((study) => study.roundsLeft));
  const seconds = sum(known.map(({ advance }) => advance?.computeSecondsLeft ?? 0));
  const eta = Math.max(0, ...known.map(({ advance }) => advance?.secondsLeft ?? 0)) || (pace > 0 ? roundsLeft / pace : 0);
  return (
    <dl class="tiles">
      <Tile name="Running now" value={grouped(all('running'))} beside={`${grouped(all('queued'))} queued`} />
      <Tile name="Rounds per second" value={compact(pace)} beside={`${compact(roundsLeft)} left`} />
      <Tile name="Time left" value={roundsLeft === 0 ? 'none' : eta > 0 ? `≈ ${duration(eta)}` : 'not known yet'} />
      <Tile name="Core-hours left" value={seconds > 0 ? (seconds / 3600).toPrecision(2) : roundsLeft === 0 ? '0' : '–'} />
      <Tile
        name="Failures"
        value={grouped(failed)}
        beside={all('diverged') > 0 ? `${grouped(all('diverged'))} diverged` : ''}
        alarm={failed > 0}
      />
    </dl>
  );
}

function Tile({
  name,
  value,
  beside = '',
  alarm = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly beside?: string;
  readonly alarm?: boolean;
}) {
  return (
    <div class={`tile ${alarm ? 'alarm' : ''}`}>
      <dt>{name}</dt>
      <dd>
        {value} <small>{beside}</small>
      </dd>
    </div>
  );
}

function Pace() {
  const known = activity.value;
  if (known === undefined) return null;
  const pace = known.rounds.slice(0, -1).map((rounds) => rounds / known.stretchSeconds);
  return (
    <Spark
      values={pace}
      label={`Rounds per second over the last ten minutes; now ${compact(paceOf())}, at most ${compact(Math.max(...pace))}`}
    />
  );
}

function NobodyWorks({ known }: { readonly known: readonly StudyLine[] }) {
  const waiting = sum(
    known
      .filter(({ withdrawn, paused }) => !withdrawn && !paused)
      .map(({ outcomes }) => (outcomes['queued'] ?? 0) + (outcomes['running'] ?? 0)),
  );
  if (waiting === 0) return null;
  if (about.value?.queue === true && workers.value?.length === 0) {
    return (
      <div class="notice warn" role="status">
        <strong>No workers are running.</strong>
        <span>
          {count(waiting, 'run')} wait. Start one with <code>marinade worker --redis …</code> on any machine.
        </span>
      </div>
    );
  }
  if (about.value?.acts === false && about.value.owner === null) {
    return (
      <div class="notice warn" role="status">
        <strong>Nobody works on this folder.</strong>
        <span>
          {count(waiting, 'run')} are unfinished; <code>marinade serve</code> or running the study again goes on with them.
        </span>
      </div>
    );
  }
  return null;
}

function NoStudies() {
  return (
    <div class="card empty">
      <p>No study has been submitted yet.</p>
      <p>
        {about.value?.role === 'operator' && about.value.acts ? <a href="/submit">Submit one here</a> : 'Submit one'}, or run{' '}
        <code>marinade submit study.yaml</code>
      </p>
    </div>
  );
}

function Study({ study }: { readonly study: StudyLine }) {
  const { studyKey, name, outcomes, advance, paused, withdrawn, priority, submittedAt, roundsLeft } = study;
  const total = sum(Object.values(outcomes));
  const ended = total - (outcomes['queued'] ?? 0) - (outcomes['running'] ?? 0);
  return (
    <li class="study">
      <div class="row spread">
        <a class="name" href={`/studies/${studyKey}`}>
          {name}
        </a>
        <span class="row soft">
          {paused && <span class="tag warn">paused</span>}
          {withdrawn && <span class="tag warn">cancelled</span>}
          {priority !== 0 && <span class="tag">priority {priority}</span>}
          <span>
            {grouped(ended)} of {count(total, 'run')}
          </span>
        </span>
      </div>
      <OutcomeBar counts={new Map(Object.entries(outcomes))} />
      <div class="row spread soft">
        <span>submitted {ago(submittedAt)}</span>
        <span>
          {roundsLeft > 0 ? `${compact(roundsLeft)} rounds left` : ''}
          {advance?.secondsLeft ? `, about ${duration(advance.secondsLeft)}` : ''}
        </span>
      </div>
    </li>
  );
}
