// Which inputs a decoder has and what they are for, found from names and shapes, so that training can bind what
// generation leaves open: an empty past, keys as long as the queries.

import { bind, type Dim, same, show, symbolsOf } from './dim.ts';
import type { Graph, Port } from './graph.ts';
import { isInteger } from './tensor.ts';

/** past_key_values.0.key, past.3.value, past_0 ... */
export function isCache(port: Port): boolean {
  return /^past/.test(port.name) && port.shape.length >= 3;
}

/** The token ids (B, T): named so, or the first integer input of rank 2. */
export function tokenInput(graph: Graph): Port | undefined {
  const integers = graph.inputs.filter((p) => isInteger(p.dtype) && p.shape.length === 2);
  return integers.find((port) => port.name === 'input_ids') ?? integers[0];
}

/** The symbols of training: past sizes are 0, masks and positions have the ids' shape. */
export function trainingBindings(graph: Graph): Record<string, Dim> {
  const bindings: Record<string, Dim> = {};
  const ids = tokenInput(graph);
  if (ids === undefined) return bindings;
  const own = symbolsOf(ids.shape);
  for (const cache of graph.inputs.filter(isCache)) {
    // Axis 0 is the batch, which some exporters call by another name here; behind keys and values in one it is axis 1.
    const paired = cache.shape.length === 5 && cache.shape[0] === 2;
    const [batch, ...rest] = paired ? cache.shape.slice(1) : cache.shape;
    for (const name of symbolsOf(rest)) if (!own.has(name)) bindings[name] = 0;
    bindAxis(batch, ids.shape[0], own, bindings);
  }
  for (const port of graph.inputs) {
    if (isCache(port) || port.shape.length !== 2 || !isInteger(port.dtype)) continue;
    port.shape.forEach((dim, axis) => {
      bindAxis(dim, ids.shape[axis], own, bindings);
    });
  }
  return bindings;
}

function bindAxis(
  dim: Dim | undefined,
  to: Dim | undefined,
  own: ReadonlySet<string>,
  bindings: Record<string, Dim>,
): void {
  if (dim === undefined || to === undefined) return;
  const bound = bind(dim, bindings);
  if (typeof bound === 'number' || own.has(show(bound))) return;
  if (bound.terms.length === 1 && bound.terms[0]!.symbols.length === 1) {
    bindings[bound.key] = to;
    return;
  }
  // `past_sequence_length + sequence_length` of a graph that has no past.
  const absent = [...symbolsOf([bound])].filter((name) => !own.has(name));
  const without = Object.fromEntries(absent.map((name) => [name, 0]));
  if (to !== undefined && same(bind(bound, without), to)) Object.assign(bindings, without);
}
