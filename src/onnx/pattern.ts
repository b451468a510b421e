// Sub-graphs written as data: what an exporter made of one operator. Add and Mul match with their operands in
// either order; a name stands for one value wherever it occurs.

import type { GraphBuilder } from './builder.ts';
import type { Operator } from './operators.ts';

export type Pattern =
  | { readonly kind: 'value'; readonly name: string }
  /** A float constant close to this value (exporters round to float32). */
  | { readonly kind: 'number'; readonly value: number }
  /** Any float constant of one element. */
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'node'; readonly op: Operator; readonly inputs: readonly Pattern[] };

export interface Match {
  readonly values: Readonly<Record<string, string>>;
  readonly scalars: Readonly<Record<string, number>>;
}

export const value = (name: string): Pattern => ({ kind: 'value', name });
export const number = (n: number): Pattern => ({ kind: 'number', value: n });
export const scalar = (name: string): Pattern => ({ kind: 'scalar', name });
export const node = (op: Operator, ...inputs: Pattern[]): Pattern => ({ kind: 'node', op, inputs });

function scalarOf(builder: GraphBuilder, name: string): number | undefined {
  const contents = builder.info(name).contents;
  return contents?.length === 1 && typeof contents[0] === 'number' ? contents[0] : undefined;
}

function* matches(
  builder: GraphBuilder,
  name: string,
  pattern: Pattern,
  found: Match,
): Generator<Match> {
  switch (pattern.kind) {
    case 'value': {
      const known = found.values[pattern.name];
      if (known === name) yield found;
      if (known === undefined) {
        yield { ...found, values: { ...found.values, [pattern.name]: name } };
      }
      return;
    }
    case 'number': {
      const n = scalarOf(builder, name);
      if (n !== undefined && Math.abs(n - pattern.value) <= 1e-4 * Math.abs(pattern.value))
        yield found;
      return;
    }
    case 'scalar': {
      const n = scalarOf(builder, name);
      if (n !== undefined) yield { ...found, scalars: { ...found.scalars, [pattern.name]: n } };
      return;
    }
    case 'node': {
      const producer = builder.producer(name);
      if (producer?.op !== pattern.op) return;
      const inputs = producer.inputs.slice(0, pattern.inputs.length);
      const commutes = pattern.op === 'Add' || pattern.op === 'Mul';
      for (const order of commutes ? [inputs, inputs.toReversed()] : [inputs]) {
        yield* matchAll(builder, order, pattern.inputs, found);
      }
      return;
    }
    default:
      pattern satisfies never;
  }
}

function* matchAll(
  builder: GraphBuilder,
  names: readonly string[],
  patterns: readonly Pattern[],
  found: Match,
): Generator<Match> {
  const [name, ...otherNames] = names;
  const [pattern, ...otherPatterns] = patterns;
  if (name === undefined || pattern === undefined) {
    if (names.length === patterns.length) yield found;
    return;
  }
  for (const match of matches(builder, name, pattern, found)) {
    yield* matchAll(builder, otherNames, otherPatterns, match);
  }
}

/** The first way in which the value's producers look like the pattern. */
export function match(builder: GraphBuilder, name: string, pattern: Pattern): Match | undefined {
  for (const found of matches(builder, name, pattern, { values: {}, scalars: {} })) return found;
  return undefined;
}
