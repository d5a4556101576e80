/** Where we are: the whole view stands in the address, so a reload or a sent link loses nothing. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';

export type Page =
  | { readonly name: 'overview' | 'workers' | 'submit' }
  | { readonly name: 'study' | 'run'; readonly key: string }
  | { readonly name: 'unknown' };

const here = signal(new URL(location.href));

export const page = computed((): Page => {
  const [first, second, ...more] = here.value.pathname.split('/').filter((step) => step !== '');
  if (first === undefined) return { name: 'overview' };
  if ((first === 'studies' || first === 'runs') && second !== undefined && more.length === 0) {
    return { name: first === 'studies' ? 'study' : 'run', key: decodeURIComponent(second) };
  }
  if ((first === 'workers' || first === 'submit') && second === undefined) return { name: first };
  return { name: 'unknown' };
});

export const query = computed(() => here.value.searchParams);

const values = new Map<string, ReadonlySignal<string | undefined>>();

/** A value of the view, or undefined where the address does not say. Who reads it hears of its own changes alone. */
export function shown(name: string): string | undefined {
  let value = values.get(name);
  if (value === undefined) {
    value = computed(() => query.value.get(name) ?? undefined);
    values.set(name, value);
  }
  return value.value;
}

export function navigate(path: string): void {
  history.pushState(null, '', path);
  here.value = new URL(location.href);
  scrollTo(0, 0);
}

/** Changes values of the view; undefined takes one out. Small steps (a brush being moved) do not fill the history. */
export function show(change: Readonly<Record<string, string | undefined>>, step: 'push' | 'replace' = 'push'): void {
  const url = new URL(here.peek());
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === '') url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === here.peek().href) return;
  history[step === 'push' ? 'pushState' : 'replaceState'](null, '', url);
  here.value = url;
}

addEventListener('popstate', () => {
  here.value = new URL(location.href);
});

/** Links inside the page open without a reload; with a modifier key the browser does as always. */
addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
  if (link === null || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/') || link.pathname.startsWith('/admin/') || link.hash !== '') return;
  event.preventDefault();
  navigate(link.pathname + link.search);
});
