// A decoder's file as a list of parts: which of its numbers are parameters, what each tensor is for, and how many
// there are of what. Every number of the file is accounted for: parameters, copies of them, and constants.

import { toFailure } from '../core/errors.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { type Normalized, normalize } from '../onnx/normalize.ts';
import { sizeOf, typeName } from '../onnx/tensor.ts';
import { Flow, type Use } from './flow.ts';
import { express, multiply } from './formula.ts';
import { headsOf } from './heads.ts';
import type { Anatomy, Block, Kind, Monomial, Part, Purpose, Sizes } from './part.ts';
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

interface Place {
  readonly purpose: Purpose;
  readonly type: Use['type'];
  readonly block: Block;
  readonly layer?: number;
  readonly before?: Part['before'];
  readonly turned: boolean;
}

const OTHER: Place = { purpose: 'other', type: 'matrix', block: 'other', turned: false };

function placesOf(flow: Flow): Map<string, Place> {
  const places = new Map<string, Place>();
  const ofNode = new Map<Node, Place>();
  const tables = flow.uses.filter(({ type }) => type === 'table');
  for (const { name, node, type, turned } of tables) {
    const purpose = flow.readsTokens(node) ? 'tokenEmbedding' : 'positionEmbedding';
    places.set(name, { purpose, type, block: 'embedding', turned });
  }
  const matrices = flow.uses.filter(({ type }) => type === 'matrix');
  let layer = -1;
  let inMlp = true;
  for (const { name, node, type, turned } of matrices) {
    const purpose = matrixPurpose(flow, node);
    const asks = ['query', 'key', 'value', 'queryKeyValue'].includes(purpose);
    if (asks && inMlp) layer++;
    if (asks) inMlp = false;
    else if (purpose !== 'head' && purpose !== 'other') inMlp = true;
    const block: Block =
      purpose === 'head'
        ? 'head'
        : purpose === 'other'
          ? 'other'
          : asks || purpose === 'attentionOutput'
            ? 'attention'
            : 'mlp';
    const inside = block === 'attention' || block === 'mlp';
    const place: Place = {
      purpose,
      type,
      block,
      turned,
      ...(inside && { layer: Math.max(0, layer) }),
    };
    ofNode.set(node, place);
    // The head may use the token embedding once more.
    if (!places.has(name)) places.set(name, place);
  }
  for (const { name, node, type, turned } of flow.uses.filter((use) => use.type === 'gain')) {
    const place = normPlace(flow, node, ofNode);
    ofNode.set(node, place);
    if (!places.has(name)) places.set(name, { ...place, type, turned });
  }
  for (const { name, node, turned } of flow.uses.filter((use) => use.type === 'bias')) {
    if (places.has(name)) continue;
    const owner =
      ofNode.get(node) ??
      node.inputs
        .flatMap((input) => flow.behind(input).made)
        .map((one) => ofNode.get(one))
        .find(Boolean);
    places.set(name, { ...(owner ?? OTHER), type: 'bias', turned });
  }
  return places;
}

function matrixPurpose(flow: Flow, node: Node): Purpose {
  const ahead = flow.ahead(node);
  const asked = new Set<string>();
  for (const [next, input] of ahead.met) {
    // A norm of each head may stand between a projection and the scores.
    const through = flow.isNorm(next) ? flow.ahead(next).met : [[next, input] as const];
    for (const [one, at] of through) {
      const role = flow.isAttention(one) ? flow.attentionInput(one, at) : undefined;
      if (role) asked.add(role);
    }
  }
  if (asked.size === 1) return [...asked][0] as Purpose;
  if (asked.size > 1) return 'queryKeyValue';
  if (ahead.ends) return 'head';
  const { made, bends } = flow.behind(node.inputs[0] ?? '');
  if (made.some((one) => flow.isAttention(one))) return 'attentionOutput';
  // What a second matrix of the MLP reads comes from its first ones, which read a norm.
  const fromMatrix = made.some((one) => flow.isMatrix(one));
  if (fromMatrix && bends) return 'down';
  const next = ahead.met.find(([one]) => flow.isMatrix(one))?.[0];
  if (!next) return 'other';
  const firsts = flow.behind(next.inputs[0] ?? '').made.filter((one) => flow.isMatrix(one));
  const gated = new Set(firsts).size > 1;
  return gated && ahead.bends ? 'gate' : 'up';
}

function normPlace(flow: Flow, node: Node, ofNode: ReadonlyMap<Node, Place>): Place {
  const { met, ends } = flow.ahead(node);
  const base = { purpose: 'norm', type: 'gain', block: 'norms', turned: false } as const;
  const next = met.map(([one]) => ofNode.get(one)).find((place) => place?.layer !== undefined);
  const source = () =>
    node.inputs
      .flatMap((input) => flow.behind(input).made)
      .map((one) => ofNode.get(one))
      .find(Boolean);
  if (met.some(([one]) => flow.isAttention(one))) {
    const layer = source()?.layer;
    return { ...base, before: 'heads', ...(layer !== undefined && { layer }) };
  }
  if (next?.layer !== undefined) {
    return { ...base, layer: next.layer, before: next.block === 'mlp' ? 'mlp' : 'attention' };
  }
  const head = ends || met.some(([one]) => flow.isMatrix(one));
  return { ...base, ...(head && { before: 'head' as const }) };
}

/** Is one matrix both table and head? */
const isTied = (flow: Flow, places: ReadonlyMap<string, Place>): boolean =>
  flow.uses.some(
    ({ name, type }) => type === 'matrix' && places.get(name)?.purpose === 'tokenEmbedding',
  );

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
