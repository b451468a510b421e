// Where a kept checkpoint came from, in a few words.

import type { KeptCheckpoint } from '../core/kept.ts';
import { checkpointTitle } from '../experiment/catalogue.ts';
import { plural } from './format.ts';

export function originOf({ origin, source, base, step, temporary }: KeptCheckpoint): string {
  const loose = temporary ? ', in memory only' : '';
  if (origin === 'hub') return `${source ?? 'a server'}${loose}`;
  if (origin === 'dropped') return `brought along${loose}`;
  return `${checkpointTitle(base)}, ${plural(step, 'step')}${loose}`;
}
