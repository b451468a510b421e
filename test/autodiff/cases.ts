// Single-operator cases for every gradient rule: at least three shapes each, with broadcasting where the operator
// has it. Tests check them against finite differences; other providers can replay the same graphs, and
// writeModel(modelFrom(graph)) makes a file of one.

import { withCotangents } from '../../src/autodiff/joint.ts';
import { GraphBuilder } from '../../src/onnx/builder.ts';
import { type Dim, symbol } from '../../src/onnx/dim.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import type { Differentiable } from '../../src/onnx/operators.ts';
import { DataType } from '../../src/onnx/tensor.ts';
import type { RuleCase } from './caseKit.ts';
import { elementwiseCases } from './elementwiseCases.ts';
import { layoutCases } from './layoutCases.ts';
import { reductionCases } from './reductionCases.ts';

/** Total over the operators: one without cases does not compile. */
export const cases: { readonly [K in Differentiable]: readonly RuleCase[] } = {
  ...elementwiseCases,
  ...layoutCases,
  ...reductionCases,
};

export interface BuiltCase {
  /** x0, x1, ... -> y */
  readonly forward: Graph;
  /** x0, ..., dy -> y, grad.x0, ... */
  readonly joint: Graph;
  readonly inputs: readonly string[];
}

/**
 * @param lazy sums y along its last axis first, so that the rule meets a cotangent that is broadcast
 * @param symbolic sizes above 1 become symbols, equal sizes the same one
 */
export function buildCase(rule: RuleCase, { lazy = false, symbolic = false } = {}): BuiltCase {
  const b = new GraphBuilder();
  const dtype = rule.single ? DataType.float : DataType.double;
  const size = (dim: number): Dim => (symbolic && dim > 1 ? symbol(`n${dim}`) : dim);
  const inputs = rule.shapes.map((shape, i) => b.input(`x${i}`, dtype, shape.map(size)));
  for (const [name, tensor] of Object.entries(rule.tensors ?? {})) b.initializer(name, tensor);
  let y = rule.build(b, ...inputs);
  const rank = b.shape(y).length;
  if (lazy && rank > 0) y = b.reduce('ReduceSum', y, [rank - 1]);
  const forward = b.toGraph('case', new Map([['y', y]]));
  return { forward, joint: withCotangents(forward, inputs, 'y').graph, inputs };
}
