/** A part of the page that may be wider than its place: keys scroll it, too. */
import type { ComponentChildren } from 'preact';

export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a section of the page, a frame around one thing
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys must scroll it
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
