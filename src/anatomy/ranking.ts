// Which parameters matter for one logit: gradient times value, first order. To take a number w away changes the logit
// by about -w dz/dw; to take a group away, by minus the sum over it (the Taylor criterion of Molchanov et al., "Pruning
// Convolutional Neural Networks for Resource Efficient Inference", ICLR 2017, equation 6, here with its sign; for
// heads, Michel et al., "Are Sixteen Heads Really Better than One?", NeurIPS 2019).

import type { Target } from '../core/dials.ts';
import type { Anatomy } from './part.ts';
import { neuronsOf, type Region, regionsOf } from './regions.ts';
import { shapeOf } from './tiles.ts';

export interface Ranked {
  readonly target: Target;
  /** Sum of gradient times value: about what the logit loses when all of it becomes zero. */
  readonly score: number;
  /** Sum of magnitudes: how much there is to lose, in either direction. */
  readonly magnitude: number;
  /** Numbers in it. */
  readonly count: number;
}

export interface RankedWeight extends Ranked {
  readonly value: number;
  readonly gradient: number;
}

export interface Ranking {
  readonly tensors: readonly Ranked[];
  readonly heads: readonly Ranked[];
  readonly neurons: readonly Ranked[];
  readonly weights: readonly RankedWeight[];
}

const MOST = 40;

export function rank(
  anatomy: Anatomy,
  values: (tensor: string) => Float32Array,
  gradients: ReadonlyMap<string, Float32Array>,
): Ranking {
  const columns = new Map(anatomy.parts.map(({ name, dims }) => [name, shapeOf(dims).columns]));
  const score = (target: Target): Ranked => {
    let [signed, magnitude, count] = [0, 0, 0];
    for (const region of regionsOf(target, anatomy)) {
      const [w, g] = [values(region.tensor), gradients.get(region.tensor)!];
      eachIndex(region, columns.get(region.tensor)!, (i) => {
        const product = w[i]! * g[i]!;
        signed += product;
        magnitude += Math.abs(product);
        count++;
      });
    }
    return { target, score: signed, magnitude, count };
  };
  const layers = Array.from({ length: anatomy.layers }, (_, layer) => layer);
  const inLayers = (kind: 'head' | 'neuron', count: (layer: number) => number) =>
    layers.flatMap((layer) =>
      Array.from({ length: count(layer) }, (_, index) => score({ kind, layer, index })),
    );
  return {
    tensors: strongest(anatomy.parts.map(({ name }) => score({ kind: 'tensor', tensor: name }))),
    heads: strongest(inLayers('head', () => anatomy.heads?.query ?? 0)),
    neurons: strongest(inLayers('neuron', (layer) => neuronsOf(anatomy, layer))),
    weights: strongestWeights(anatomy, values, gradients),
  };
}

const strongest = <T extends Ranked>(all: readonly T[]): readonly T[] =>
  all.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, MOST);

function eachIndex(
  { row, rows, column, columns }: Region,
  width: number,
  act: (index: number) => void,
): void {
  for (let r = row; r < row + rows; r++) {
    for (let c = column; c < column + columns; c++) act(r * width + c);
  }
}

function strongestWeights(
  { parts }: Anatomy,
  values: (tensor: string) => Float32Array,
  gradients: ReadonlyMap<string, Float32Array>,
): readonly RankedWeight[] {
  let best: RankedWeight[] = [];
  let least = 0;
  for (const { name } of parts) {
    const [w, g] = [values(name), gradients.get(name)!];
    for (let i = 0; i < w.length; i++) {
      const product = w[i]! * g[i]!;
      if (!(Math.abs(product) > least)) continue;
      const target: Target = { kind: 'weight', tensor: name, index: i };
      const magnitude = Math.abs(product);
      best.push({ target, score: product, magnitude, count: 1, value: w[i]!, gradient: g[i]! });
      if (best.length < 4 * MOST) continue;
      best = [...strongest(best)];
      least = best.at(-1)!.magnitude;
    }
  }
  return strongest(best);
}
