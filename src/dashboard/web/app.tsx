/** The frame of every page: who we are, where we are, whether changes arrive. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { LogIn } from './pages/log-in.tsx';
import { Overview } from './pages/overview.tsx';
import { RunPage } from './pages/run.tsx';
import { StudyPage } from './pages/study.tsx';
import { SubmitPage } from './pages/submit.tsx';
import { WorkersPage } from './pages/workers.tsx';
import { AskBack, act } from './parts/ask.tsx';
import { ErrorNotice } from './parts/notice.tsx';
import { ThemeButton } from './parts/theme.tsx';
import { about, logIn, logOut, refreshAbout, send } from './state/api.ts';
import { page } from './state/route.ts';
import { connection, listen, stopListening } from './state/stream.ts';

const connectionWords = { connecting: 'connecting', live: 'live', waiting: 'reconnecting' };

export function App() {
  const problem = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const enter = async (): Promise<void> => {
      const token = /^#token=(.+)$/.exec(location.hash)?.[1];
      try {
        if (token !== undefined) {
          // The token leaves the address before anything else happens: it must not stay in the history.
          history.replaceState(null, '', location.pathname + location.search);
          await logIn(decodeURIComponent(token));
        } else await refreshAbout();
      } catch (thrown) {
        problem.value = (thrown as Error).message;
        if (about.value === undefined) {
          if (token === undefined) setTimeout(() => void enter(), 2000);
          else about.value = null;
        }
      }
    };
    void enter();
  }, []);
  useEffect(() => {
    if (about.value) listen();
    else stopListening();
    if (about.value) problem.value = undefined;
  }, [about.value]);

  if (about.value === undefined) return problem.value === undefined ? null : <ErrorNotice message={problem.value} />;
  if (about.value === null) return <LogIn problem={problem.value} />;
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        To the content
      </button>
      <header class="top">
        <a class="brand" href="/">
          <Mark />
          marinade
        </a>
        <Navigation />
        <div class="right">
          <span class={`live ${connection.value}`} role="status">
            {connectionWords[connection.value]}
          </span>
          {about.value.role === 'viewer' && (
            <span class="tag" title="This log-in may look on; it cannot act.">
              {about.value.acts ? 'looking on' : 'read-only'}
            </span>
          )}
          {about.value.role === 'operator' && (
            <button type="button" class="plain" title="Copies a link that lets others look on" onClick={() => void share()}>
              Share
            </button>
          )}
          <ThemeButton />
          <button type="button" class="plain" onClick={() => void logOut()}>
            Log out
          </button>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Content />
      </main>
      <AskBack />
    </div>
  );
}

/** Copies a link for those who may only look on. */
function share(): Promise<void> {
  return act(async () => {
    const { token } = await send<{ token: string }>('POST', '/session/viewer');
    await navigator.clipboard.writeText(`${location.origin}/#token=${token}`);
  }, 'A link to look on is copied.');
}

function Content() {
  const here = page.value;
  switch (here.name) {
    case 'overview':
      return <Overview />;
    case 'study':
      return <StudyPage key={here.key} studyKey={here.key} />;
    case 'run':
      return <RunPage key={here.key} runKey={here.key} />;
    case 'workers':
      return <WorkersPage />;
    case 'submit':
      return <SubmitPage />;
    case 'unknown':
      return (
        <div class="card empty">
          <p>
            There is no such page. <a href="/">To the studies</a>
          </p>
        </div>
      );
  }
}

function Navigation() {
  const here = page.value.name;
  const current = (...names: string[]) => (names.includes(here) ? { 'aria-current': 'page' as const } : {});
  return (
    <nav aria-label="Pages">
      <a href="/" {...current('overview', 'study', 'run')}>
        Studies
      </a>
      <a href="/workers" {...current('workers')}>
        Workers
      </a>
      {about.value?.role === 'operator' && about.value.acts && (
        <a href="/submit" {...current('submit')}>
          Submit
        </a>
      )}
      {about.value?.queue && (
        <a href="/admin/queues/" target="_blank" rel="noreferrer">
          Queue
        </a>
      )}
    </nav>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0f6b62" />
      <path d="M6 9c4 0 5 13 10 13s6-7 10-7" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" />
      <path
        d="M6 14c5 0 6 9.5 11 9.5S23 22 26 22"
        fill="none"
        stroke="#8fd6c8"
        stroke-width="2.2"
        stroke-linecap="round"
        stroke-dasharray="3 3.4"
      />
      <circle cx="26" cy="15" r="2.6" fill="#ffd166" />
    </svg>
  );
}
