/** Asks back before something that cannot be undone, and says what came of it. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly act: () => Promise<unknown>;
}

const question = signal<Question | undefined>(undefined);
/** What came of the last action; read out. */
export const told = signal<{ readonly text: string; readonly bad: boolean } | undefined>(undefined);

export function askBack(asked: Question): void {
  question.value = asked;
}

let timer: number | undefined;

/** Does something and says what came of it. */
export async function act(doing: () => Promise<unknown>, done: string): Promise<void> {
  clearTimeout(timer);
  try {
    await doing();
    told.value = { text: done, bad: false };
  } catch (thrown) {
    told.value = { text: (thrown as Error).message, bad: true };
  }
  timer = setTimeout(() => {
    told.value = undefined;
  }, 8000);
}

export function AskBack() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked !== undefined) dialog.current?.showModal();
  }, [asked]);
  return (
    <>
      <div class={`toast ${told.value?.bad ? 'bad' : ''}`} role="status" hidden={told.value === undefined}>
        {told.value?.text}
      </div>
      {asked !== undefined && (
        <dialog
          ref={dialog}
          aria-labelledby="ask-title"
          onClose={() => {
            question.value = undefined;
          }}
        >
          <form
            method="dialog"
            onSubmit={(event) => {
              event.preventDefault();
              dialog.current?.close();
              void asked.act();
            }}
          >
            <h2 id="ask-title">{asked.title}</h2>
            <p>{asked.text}</p>
            <div class="row" style={{ justifyContent: 'flex-end' }}>
              <button type="button" autofocus onClick={() => dialog.current?.close()}>
                Leave it
              </button>
              <button type="submit" class="danger">
                {asked.yes}
              </button>
            </div>
          </form>
        </dialog>
      )}
    </>
  );
}
