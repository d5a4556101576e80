/** What the overview shows, loaded when the page opens and again while changes arrive, a question at a time. */
import { signal } from '@preact/signals';
import type { StudyAdvance, WorkerInfo } from '../../../shared/contracts/commands.ts';
import type { Activity, JournalEntry } from '../../../shared/contracts/dashboard.ts';
import { get } from './api.ts';
import { onChange } from './stream.ts';

export interface StudyLine {
  readonly studyKey: string;
  readonly name: string;
  readonly submittedAt: string;
  readonly priority: number;
  readonly paused: boolean;
  readonly withdrawn: boolean;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly roundsLeft: number;
  readonly advance: StudyAdvance | null;
}

export const studies = signal<readonly StudyLine[] | undefined>(undefined);
export const activity = signal<Activity | undefined>(undefined);
export const workers = signal<readonly WorkerInfo[] | undefined>(undefined);
export const events = signal<readonly JournalEntry[]>([]);

const PACE_MS = 1500;
let users = 0;
let busy = false;
let again = false;

async function load(): Promise<void> {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    do {
      again = false;
      const [first, second, third] = await Promise.all([
        get<{ studies: readonly StudyLine[] }>('/studies'),
        get<Activity>('/activity'),
        get<{ workers: readonly WorkerInfo[] }>('/workers'),
      ]);
      studies.value = first.studies;
      activity.value = second;
      workers.value = third.workers;
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    } while (again && users > 0);
  } catch {
    // The stream tells when the server is back; the next change asks again.
  } finally {
    busy = false;
  }
}

/** Keeps the overview's numbers fresh while a page uses them. Returns how to stop. */
export function useOverview(): () => void {
  users++;
  void load();
  get<{ events: readonly JournalEntry[] }>('/journal?limit=60').then(
    (answer) => {
      events.value = answer.events.filter(({ kind }) => !kind.startsWith('round-job:commit') && !kind.startsWith('attempt:')).slice(0, 40);
    },
    () => {},
  );
  // Rates fall to nothing when nothing is committed, which no change tells.
  const timer = setInterval(() => void load(), 5000);
  const stop = onChange((heard) => {
    if (heard.kind === 'change' && heard.change.notable.length > 0) {
      events.value = [...heard.change.notable.toReversed(), ...events.value].slice(0, 40);
    }
    void load();
  });
  return () => {
    users--;
    clearInterval(timer);
    stop();
  };
}
