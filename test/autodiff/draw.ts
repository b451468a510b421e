// Inputs and cotangents of a rule's case: the same numbers on every runtime.

import type { RuleCase } from './caseKit.ts';
import type { BuiltCase } from './cases.ts';
import { doubles, type Feeds, floats } from './values.ts';

/** A small generator of its own: test data that never changes. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function draw(rule: RuleCase, built: BuiltCase, seed: number, ySize: number) {
  const next = uniform(seed);
  const make = rule.single ? floats : doubles;
  const inputs = rule.shapes.map((dims) => {
    const size = dims.reduce((n, dim) => n * dim, 1);
    const values = Array.from({ length: size }, () =>
      rule.positive ? 0.5 + 1.5 * next() : 4 * next() - 2,
    );
    return { dims, values };
  });
  const dy = Array.from({ length: ySize }, () => 2 * next() - 1);
  const feeds = (at?: { input: number; element: number; by: number }): Feeds =>
    Object.fromEntries(
      inputs.map(({ dims, values }, i) => [
        built.inputs[i]!,
        make(dims, at?.input === i ? values.with(at.element, values[at.element]! + at.by) : values),
      ]),
    );
  return { inputs, dy, feeds, make };
}
