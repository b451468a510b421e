// How cases of gradient rules are written down.

import type { GraphBuilder } from '../../src/onnx/builder.ts';
import type { Operator } from '../../src/onnx/operators.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';

export interface RuleCase {
  readonly name: string;
  /** Shapes of the float inputs x0, x1, ... */
  readonly shapes: readonly (readonly number[])[];
  readonly build: (b: GraphBuilder, ...x: string[]) => string;
  /** Draws inputs from [0.5, 2] instead of [-2, 2]. */
  readonly positive?: boolean;
  /** float32, because onnxruntime-node has no float64 kernel for the operator (or computes it in float32). */
  readonly single?: boolean;
  /** Constants of the case; without dims they would be inputs. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  /** Only with numbers for dims: the case itself writes numbers that symbols would contradict. */
  readonly concrete?: boolean;
  /** Size of terms that cancel in a gradient: an error is relative to at least that. */
  readonly terms?: number;
}

export type Build = RuleCase['build'];
export type Options = Pick<RuleCase, 'positive' | 'single' | 'tensors' | 'concrete' | 'terms'>;

export const on = (
  shapes: RuleCase['shapes'],
  build: Build,
  options: Options = {},
  name = '',
): RuleCase => ({
  name: `${shapes.map((s) => `[${s}]`).join(' ')}${name && ` ${name}`}`,
  shapes,
  build,
  ...options,
});

export const apply =
  (op: Operator, attributes = {}): Build =>
  (b, ...x) =>
    b.add(op, x, attributes);

export const unary = (op: Operator, options: Options = {}, attributes = {}) =>
  [[5], [2, 3], [2, 1, 4]].map((shape) => on([shape], apply(op, attributes), options));

export const binary = (op: Operator, options: Options = {}, itself: Options = {}) => [
  on(
    [
      [2, 3],
      [2, 3],
    ],
    apply(op),
    options,
  ),
  on([[2, 3, 4], [4]], apply(op), options),
  on(
    [
      [2, 1, 4],
      [3, 1],
    ],
    apply(op),
    options,
  ),
  on([[], [2, 3]], apply(op), options),
  on([[2, 3]], (b, x) => b.add(op, [x, x]), { ...options, ...itself }, 'with itself'),
];

export const int64 = (dims: readonly number[], values: readonly number[]) =>
  tensorOf(DataType.int64, dims, values);
