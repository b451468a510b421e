// A decoder's file as a list of parts: which of its numbers are parameters, what each tensor is for, and how many
// there are of what. Every number of the file is accounted for: parameters, copies of them, and constants.

import { toFailure } from '../core/errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { type Normalized, normalize } from '../onnx/normalize.ts';
import { sizeOf, typeName } from '../onnx/tensor.ts';
import { Flow, type Use } from './flow.ts';
import { express, multiply } from './formula.ts';
import { headsOf } from './heads.ts';
import type { Anatomy, Kind, Monomial, Part, Purpose, Sizes } from './part.ts';
import { isTied, OTHER, placesOf } from './places.ts';
import { storedWeights } from './stored.ts';

export interface Dissected {
  readonly anatomy: Anatomy;
  /** What can be trained and turned; absent where the anatomy is closed. */
  readonly normalized?: Normalized;
}

/**
 * @param config the checkpoint's config.json
 * @param types how the file stores tensors that were widened for this graph, by name
 */
export function dissect(
  raw: Graph,
  config: Readonly<Record<string, unknown>> = {},
  types: ReadonlyMap<string, string> = new Map(),
): Dissected {
  const narrow = storedWeights(raw);
  const quantised = [...narrow.values()].some((weight) => weight.quantised);
  try {
    const normalized = normalize(raw);
    // A file of which only a part is float32 can be looked at as a whole, but not turned.
    const whole = !quantised && narrow.size === 0;
    if (whole) return { anatomy: ofNormalized(raw, normalized, config, types), normalized };
    return { anatomy: { ...ofStored(raw, config), closed: narrowFailure(raw, quantised) } };
  } catch (error) {
    const closed = quantised ? narrowFailure(raw, true) : toFailure(error);
    return { anatomy: { ...ofStored(raw, config), closed } };
  }
}

function narrowFailure(raw: Graph, quantised: boolean) {
  return {
    code: 'onnx' as const,
    message: quantised
      ? `The weights of ${raw.name || 'this model'} are quantised integers: what is shown is what they stand for.`
      : `Some weights of ${raw.name || 'this model'} are not float32.`,
    remedy: 'To turn or differentiate them, use the float32 export (model.onnx).',
  };
}

function ofNormalized(
  raw: Graph,
  normalized: Normalized,
  config: Readonly<Record<string, unknown>>,
  types: ReadonlyMap<string, string>,
): Anatomy {
  const { graph, parameters, ties } = normalized;
  const stored = total(raw);
  const inFile = (name: string) => raw.initializers.has(name);
  const merged = parameters
    .filter(({ name }) => !inFile(name))
    .reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  const copies = [...ties.keys()].reduce(
    (sum, name) => sum + sizeOf(raw.initializers.get(name)?.dims ?? [0]),
    0,
  );
  const tensors = parameters.map(({ name, dims, tensor }) => ({
    name,
    dims,
    stored: types.get(name) ?? typeName(tensor.dtype),
    quantised: false,
  }));
  const named = describe(graph, tensors, config, raw);
  const constants = stored - copies - (named.parameters - merged);
  return { ...named, stored, merged, copies, constants };
}

/** From the file as it is, whatever its operators and number types. */
function ofStored(raw: Graph, config: Readonly<Record<string, unknown>>): Anatomy {
  const weights = storedWeights(raw, true);
  const tensors = [...weights].map(([name, { dims, stored, quantised }]) => ({
    name,
    dims,
    stored,
    quantised,
  }));
  const named = describe(raw, tensors, config, raw);
  const stored = total(raw);
  // Two 4-bit numbers share an element of the file, so that there may be more parameters than elements.
  const held = [...weights.keys()].reduce(
    (sum, name) => sum + sizeOf(raw.initializers.get(name)?.dims ?? []),
    0,
  );
  return { ...named, stored, merged: 0, copies: 0, constants: stored - held };
}

const total = (raw: Graph): number =>
  [...raw.initializers.values()].reduce((sum, { dims }) => sum + sizeOf(dims), 0);

interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly stored: string;
  readonly quantised: boolean;
}

type Named = Omit<Anatomy, 'stored' | 'merged' | 'copies' | 'constants'>;

function describe(
  graph: Graph,
  tensors: readonly Tensor[],
  config: Readonly<Record<string, unknown>>,
  raw: Graph,
): Named {
  const axes = new Map(tensors.map(({ name, dims }) => [name, dims.filter((n) => n > 1).length]));
  const flow = new Flow(graph, axes);
  const places = placesOf(flow);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const dimsOf = (purpose: Purpose): readonly number[] => {
    const name = [...places].find(([, place]) => place.purpose === purpose)?.[0];
    return byName.get(name ?? '')?.dims ?? [];
  };
  const [V, d] = dimsOf('tokenEmbedding');
  const [T] = dimsOf('positionEmbedding');
  const down = [...places].find(([, { purpose }]) => purpose === 'down');
  const downDims = byName.get(down?.[0] ?? '')?.dims ?? [];
  const f = down?.[1].turned ? downDims.at(-1) : downDims[0];
  const heads = headsOf(raw, config, d);
  const q = heads && heads.query * heads.size;
  const k = heads && heads.keyValue * heads.size;
  const sizes: Sizes = Object.fromEntries(
    Object.entries({ V, T, d, f, q, k }).filter(([, size]) => size !== undefined),
  ) as Record<string, number>;
  const parts = tensors.map((tensor): Part => {
    const place = places.get(tensor.name) ?? OTHER;
    const { purpose, type, block, layer, before } = place;
    return {
      ...tensor,
      count: sizeOf(tensor.dims),
      kind: kindOf(purpose, type),
      purpose,
      block,
      ...(layer !== undefined && { layer }),
      ...(before && { before }),
      outputs: place.turned ? 'rows' : 'columns',
      formula: formulaOf(tensor.dims, purpose, type, sizes),
    };
  });
  const layers = Math.max(0, ...parts.map(({ layer }) => (layer ?? -1) + 1));
  return {
    parameters: parts.reduce((sum, { count }) => sum + count, 0),
    layers,
    parts: parts.sort((a, b) => orderOf(a, layers) - orderOf(b, layers)),
    sizes,
    tied: isTied(flow, places),
    ...(heads && { heads }),
  };
}

/** Embeddings, layer after layer, head; what has no place comes last. */
function orderOf({ block, layer }: Part, layers: number): number {
  if (block === 'embedding') return -1;
  if (block === 'other') return layers + 2;
  return layer ?? (block === 'norms' ? layers : layers + 1);
}

function kindOf(purpose: Purpose, type: Use['type']): Kind {
  if (purpose === 'tokenEmbedding' || purpose === 'positionEmbedding') return 'embedding';
  return type === 'bias' ? 'bias' : 'weight';
}

/** Symbols that a dimension may be, the likeliest first. */
const ORDERS: Readonly<Record<Purpose, readonly string[]>> = {
  tokenEmbedding: ['V', 'd'],
  positionEmbedding: ['T', 'd'],
  query: ['d', 'q'],
  key: ['d', 'k'],
  value: ['d', 'k'],
  queryKeyValue: ['d', 'q'],
  attentionOutput: ['d', 'q'],
  gate: ['d', 'f'],
  up: ['d', 'f'],
  down: ['d', 'f'],
  norm: ['d'],
  head: ['V', 'd'],
  other: ['d', 'V', 'f'],
};

function formulaOf(
  dims: readonly number[],
  purpose: Purpose,
  type: Use['type'],
  sizes: Sizes,
): Monomial {
  const order = ORDERS[purpose];
  const one: Monomial = { coefficient: 1, powers: {} };
  return dims.reduce((product, size, axis) => {
    // A table's first axis is not the width, even where both are equally large.
    const rest = type === 'table' && axis === 1 ? ['d'] : order;
    // f is a name of its own where it is no small multiple of d.
    const whole =
      purpose !== 'up' && purpose !== 'gate' && purpose !== 'down' ? rest : bySize(size, sizes);
    return size === 1 ? product : multiply(product, express(size, sizes, whole));
  }, one);
}

const bySize = (size: number, { d = 1 }: Sizes): readonly string[] =>
  Number.isInteger(size / d) && size / d <= 8 ? ['d'] : ['f'];
