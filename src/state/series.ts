// The charts of one generation, as points. Each is a function of the run, computed once per batch of
// events and thinned to what a chart can draw.

import type { Author } from '../core/events.ts';
import { derived } from './derive.ts';
import { baselineOf, drafts, type Run } from './run.ts';
import { thin } from './thin.ts';
import { streamOf } from './tokenStream.ts';

/** How sure a model was at one place. */
export interface ConfidencePoint {
  /** Which token of the new text it is, counted from 1. */
  readonly n: number;
  readonly prob: number;
  readonly text: string;
  /** handedOver: too unsure, so the token was never written. */
  readonly fate: 'kept' | 'pending' | 'rolledBack' | 'handedOver';
}

/** How far a drafted token is from what the large model would say. */
export interface DistancePoint {
  readonly n: number;
  /** Nats. */
  readonly distance: number;
  readonly text: string;
  readonly fate: 'kept' | 'cut' | 'fell';
}

/** Tokens in the text after some time of work. */
export interface ProgressPoint {
  /** Active milliseconds since the generation began. */
  readonly ms: number;
  readonly small: number;
  readonly large: number;
  readonly total: number;
}

export interface Series {
  /** Of the small model's guesses; of the only model's, if one writes alone. */
  readonly confidence: readonly ConfidencePoint[];
  readonly distance: readonly DistancePoint[];
  readonly authors: readonly ProgressPoint[];
}

const compute: { readonly [N in keyof Series]: (run: Run) => Series[N] } = {
  confidence: derived((run) => {
    const drafting = drafts(run.experiment);
    const points: ConfidencePoint[] = [];
    const { cells, prompt } = streamOf(run);
    for (const cell of cells) {
      const n = cell.at - prompt.length + 1;
      if (cell.kind === 'handOver') {
        const { proposal } = cell;
        if (!proposal) continue;
        points.push({
          n,
          prob: proposal.prob,
          text: proposal.text ?? '',
          fate: 'handedOver',
        });
      } else if (!drafting || cell.by === 'small') {
        const fate = cell.state === 'accepted' ? 'kept' : cell.state;
        points.push({ n, prob: cell.prob, text: cell.text, fate });
      }
    }
    return thin(points, (point) => 1 - point.prob);
  }),

  distance: derived((run) => {
    const points: DistancePoint[] = [];
    const { cells, prompt } = streamOf(run);
    for (const cell of cells) {
      const n = cell.at - prompt.length + 1;
      if (cell.kind !== 'token' || cell.distance === undefined) continue;
      const fate = cell.state !== 'rolledBack' ? 'kept' : cell.cut ? 'cut' : 'fell';
      points.push({ n, distance: cell.distance, text: cell.text, fate });
    }
    // A token that was cut matters more than one that fell with it, however far that one was.
    return thin(points, (point) => point.distance + (point.fate === 'cut' ? 1e3 : 0));
  }),

  authors: derived((run) => {
    let authors: Author[] = [];
    let ms = 0;
    let start = 0;
    let points: ProgressPoint[] = [{ ms: 0, small: 0, large: 0, total: 0 }];
    const push = () => {
      const by = (role: Author) => authors.filter((author) => author === role).length;
      points.push({ ms, small: by('small'), large: by('large'), total: authors.length });
    };
    for (const event of run.events) {
      if (event.type === 'prompt') {
        authors = [];
        ms = 0;
        start = event.pieces.length;
        points = [{ ms: 0, small: 0, large: 0, total: 0 }];
      }
      if (event.type !== 'decode') continue;
      ms += event.ms;
      if (event.event.type === 'token') authors.push(event.event.by);
      else if (event.event.type === 'rollback') authors.length = event.event.at - start;
      else continue;
      push();
    }
    return thin(points);
  }),
};

/** A named series of a run. */
export const series = <N extends keyof Series>(run: Run, name: N): Series[N] => compute[name](run);

/** The large model alone as a straight line from nothing to its last token, once measured. */
export function baselineLine(run: Run): { ms: number; tokens: number } | undefined {
  const baseline = baselineOf(run);
  return baseline && { ms: baseline.stats.ms, tokens: baseline.stats.tokens };
}
