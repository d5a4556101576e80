/** Light, dark, or as the system has it. */
import { signal } from '@preact/signals';

type Theme = 'system' | 'light' | 'dark';

const stored = localStorage.getItem('marinade-theme');
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');
/** Grows when colours may have changed: canvases are drawn anew. */
export const palette = signal(0);

function apply(): void {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
  palette.value++;
}

apply();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);

export function isDark(): boolean {
  return theme.value === 'dark' || (theme.value === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}

const next: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const signs: Readonly<Record<Theme, string>> = { system: '◐', light: '☀', dark: '☾' };

export function ThemeButton() {
  const name = `Colours: ${theme.value}`;
  return (
    <button
      type="button"
      class="plain"
      title={name}
      aria-label={name}
      onClick={() => {
        theme.value = next[theme.value];
        localStorage.setItem('marinade-theme', theme.value);
        apply();
      }}
    >
      {signs[theme.value]}
    </button>
  );
}
