// The sign of a role: a disc for small, a square for large, in their colours. The same wherever one of them
// is spoken of.

import type { Contender, Role } from '../../core/events.ts';
import './mark.css';

export function Mark({ of }: { of: Role | Contender }) {
  return <span className={`mark ${of}`} aria-hidden="true" />;
}
