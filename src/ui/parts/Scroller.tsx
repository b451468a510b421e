// A table that is wider than its place scrolls sideways. Who has no pointer scrolls with the arrow keys, so
// the region takes the focus (WCAG 2.1.1) and has a name.

import type { ReactNode } from 'react';

export function Scroller({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section className="scroller" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
