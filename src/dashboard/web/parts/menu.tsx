/** A button that opens a sheet; Escape and a click elsewhere close it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface MenuProps {
  readonly label: ComponentChildren;
  readonly active?: boolean;
  readonly end?: boolean;
  readonly children: ComponentChildren;
}

export function Menu({ label, active = false, end = false, children }: MenuProps) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      const open = details.current;
      if (open === null || !open.open) return;
      if (event instanceof KeyboardEvent) {
        if (event.key !== 'Escape') return;
        open.open = false;
        open.querySelector('summary')?.focus();
      } else if (!open.contains(event.target as Node)) open.open = false;
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', close);
    };
  }, []);
  return (
    <details ref={details} class={`menu ${active ? 'active' : ''} ${end ? 'end' : ''}`}>
      <summary>{label}</summary>
      <div class="sheet">{children}</div>
    </details>
  );
}
