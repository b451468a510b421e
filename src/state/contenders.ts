// What the contenders of an evaluation or a sweep are called, and what they look like.

import { methods } from '../experiment/catalogue.ts';
import { contendersOf } from '../experiment/contenders.ts';
import type { Contender, Experiment } from '../experiment/experiment.ts';
import { describeKnob } from './describe.ts';

/** A colour with a sign and a dash: small and large have their own everywhere, methods take turns. */
export const LOOKS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'] as const;
export type Look = 'small' | 'large' | (typeof LOOKS)[number];

/** The points of a sweep are told apart by their place. */
export function lookOf({ mode }: Experiment, contender: number): Look {
  if (mode === 'sweep') return contender === 0 ? 'large' : 'c1';
  if (contender < 2) return contender === 0 ? 'small' : 'large';
  return LOOKS[(contender - 2) % LOOKS.length]!;
}

/** "BiLD", "small, sampling". */
function plainName({ method, params }: Contender): string {
  const { title } = methods[method];
  // "One model, sampling" needs to say which one.
  return method === 'sample' ? `${params.model}, sampling` : title;
}

/** Knobs in which contenders of one method differ. */
function differing(like: readonly Contender[]): readonly string[] {
  const [first] = like;
  return Object.keys(first?.params ?? {}).filter((key) =>
    like.some(({ params }) => params[key] !== first?.params[key]),
  );
}

const known = new WeakMap<Experiment, readonly string[]>();

/** By number, all different: the label, or the method and what sets it apart from its like. */
export function contenderNames(experiment: Experiment): readonly string[] {
  const before = known.get(experiment);
  if (before) return before;
  const all = contendersOf(experiment);
  const plain = all.map((one) => one.label || plainName(one));
  const named = all.map((one, i) => {
    if (one.label !== '') return plain[i]!;
    const like = all.filter((other, j) => other.label === '' && plain[j] === plain[i]);
    const knobs = differing(like).map((key) => describeKnob(one.method, key, one.params[key]!));
    if (knobs.length === 0) return plain[i]!;
    // The points of a sweep have one method, which need not be said at each.
    return experiment.mode === 'sweep' ? knobs.join(', ') : `${plain[i]}: ${knobs.join(', ')}`;
  });
  const distinct = named.map((name, i) => {
    const earlier = named.slice(0, i).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name} (${earlier + 1})`;
  });
  known.set(experiment, distinct);
  return distinct;
}

export const contenderName = (experiment: Experiment, contender: number): string =>
  contenderNames(experiment)[contender] ?? `contender ${contender}`;
