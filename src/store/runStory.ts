// Could these events have happened? The charts follow a text as it grows and is rolled back, and number contenders; a
// file that tells of tokens in mid-air would make them draw nonsense.

import type { DecodeEvent, RunEvent } from '../core/events.ts';
import { contendersOf } from '../experiment/contenders.ts';
import { decode } from '../experiment/link.ts';

export interface Impossible {
  /** Number of the event; absent when it is the experiment. */
  readonly event?: number;
  /** As the end of "line 3 …". */
  readonly what: string;
}

/** Events about a place of the text as it stands; beams are ahead of it. */
const PLACED = ['handOver', 'verdict', 'speculation', 'fusion'] as const;
const isPlaced = (
  event: DecodeEvent,
): event is Extract<DecodeEvent, { readonly type: (typeof PLACED)[number] }> =>
  (PLACED as readonly string[]).includes(event.type);

/** Undefined when it could. */
export function checkStory(recipe: string, events: readonly RunEvent[]): Impossible | undefined {
  const { experiment, problems } = decode(recipe);
  const contenders = contendersOf(experiment).length;
  if (problems.length > 0) {
    return { what: `has an experiment that this page cannot repeat: ${problems.join(' ')}`.trim() };
  }
  let begin: number | undefined;
  let length = 0;
  let beams = 0;
  for (const [event, one] of events.entries()) {
    if (one.type === 'prompt') {
      begin = length = one.pieces.length;
      beams = 0;
    } else if (one.type === 'decode') {
      const what = step(one.event);
      if (what) return { event, what };
    } else if (one.type === 'answer' || one.type === 'withdrawn') {
      const what = `speaks of contender ${one.contender}, of ${contenders}`;
      if (one.contender >= contenders) return { event, what };
    }
  }
  return undefined;

  function step(event: DecodeEvent): string | undefined {
    if (begin === undefined) return 'writes before there is a prompt';
    if (event.type === 'token') {
      if (event.at !== length) return `writes token ${event.at} of a text of ${length}`;
      length++;
    } else if (event.type === 'rollback') {
      const kept = event.at;
      if (kept < begin || kept + event.removed.length !== length) {
        return `strikes out ${event.removed.length} tokens from ${kept} on, of a text of ${length}`;
      }
      length = kept;
    } else if (event.type === 'chunk') {
      const before = beams;
      beams = event.candidates.length;
      const lost = event.candidates.find(
        ({ row, parent }, i) => row !== i || !(parent === undefined || parent < before),
      );
      if (lost) return `has a beam ${lost.row} that continues none`;
    } else if (isPlaced(event) && (event.at < begin || event.at > length)) {
      return `speaks of token ${event.at} of a text of ${length}`;
    }
    return undefined;
  }
}
