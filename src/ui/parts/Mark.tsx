// The sign of a role in its colour: a disc for small, a square for large, a diamond for what was tuned, a hollow
// square for what it is compared with, a ring for several that became one. The same wherever one is spoken of. Methods
// that are compared take turns with signs of their own.

import type { Author } from '../../core/events.ts';
import type { Look } from '../../state/contenders.ts';
import './mark.css';

export function Mark({ of }: { of: Author | Look }) {
  return <span className={`mark ${of}`} aria-hidden="true" />;
}
