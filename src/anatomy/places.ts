// Where each parameter belongs: which block of which layer, and what for.

import type { Node } from '../onnx/graph.ts';
import type { Flow, Use } from './flow.ts';
import type { Block, Part, Purpose } from './part.ts';

export interface Place {
  readonly purpose: Purpose;
  readonly type: Use['type'];
  readonly block: Block;
  readonly layer?: number;
  readonly before?: Part['before'];
  readonly turned: boolean;
}

export const OTHER: Place = { purpose: 'other', type: 'matrix', block: 'other', turned: false };

export function placesOf(flow: Flow): Map<string, Place> {
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
export const isTied = (flow: Flow, places: ReadonlyMap<string, Place>): boolean =>
  flow.uses.some(
    ({ name, type }) => type === 'matrix' && places.get(name)?.purpose === 'tokenEmbedding',
  );
