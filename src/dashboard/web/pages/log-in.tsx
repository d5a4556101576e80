/** The way in, for who opened the page without the link that the server printed. */
import { useSignal } from '@preact/signals';
import { ErrorNotice } from '../parts/notice.tsx';
import { logIn } from '../state/api.ts';

export function LogIn({ problem }: { readonly problem: string | undefined }) {
  const token = useSignal('');
  const failed = useSignal(problem);
  return (
    <main class="login">
      <div class="card">
        <h1>Log in to marinade</h1>
        <p class="soft">
          <code>marinade serve</code> prints a link that logs you in. Its token is also in <code>owner.json</code> of the results folder.
        </p>
        {failed.value !== undefined && <ErrorNotice message={failed.value} />}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            logIn(token.value.trim()).catch((thrown: Error) => {
              failed.value = thrown.message;
            });
          }}
        >
          <label for="token">Token</label>
          <input
            id="token"
            type="password"
            autocomplete="current-password"
            autofocus
            value={token.value}
            onInput={(event) => {
              token.value = event.currentTarget.value;
            }}
          />
          <button type="submit" class="primary" disabled={token.value.trim() === ''}>
            Log in
          </button>
        </form>
      </div>
    </main>
  );
}
