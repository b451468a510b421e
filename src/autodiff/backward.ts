// The reverse sweep: from cotangents of some values to gradients of others, written as nodes of the same graph.

import type { GraphBuilder } from '../onnx/builder.ts';
import { isDifferentiable, isFlat, isOperator, unknownOperator } from '../onnx/operators.ts';
import { isFloat } from '../onnx/tensor.ts';
import { full, refuseGradient } from './rule.ts';
import { rules } from './rules.ts';

/** Values that vary smoothly with any of `wrt`. */
function dependents(b: GraphBuilder, wrt: readonly string[]): Set<string> {
  const found = new Set(wrt);
  for (const node of b.nodes) {
    if (isFlat(node.op) || !node.inputs.some((input) => found.has(input))) continue;
    for (const output of node.outputs) if (isFloat(b.info(output).dtype)) found.add(output);
  }
  return found;
}

/**
 * Gradients of sum(seed * value) over all seeded values.
 * @param seeds value -> its cotangent, of the same shape
 * @param wrt values whose gradients are wanted: parameters, inputs or anything between
 * @returns wrt -> gradient, of the same shape; zeros where nothing depends on it
 * Throws UserError naming the node where a gradient would have to pass an operator that has none.
 */
export function backward(
  b: GraphBuilder,
  seeds: ReadonlyMap<string, string>,
  wrt: readonly string[],
): Map<string, string> {
  const needed = dependents(b, wrt);
  const forward = [...b.nodes];
  const cotangents = new Map<string, string>();
  const accumulate = (value: string, d: string) => {
    const sum = cotangents.get(value);
    cotangents.set(value, sum === undefined ? d : b.add('Add', [sum, d]));
  };
  for (const [value, seed] of seeds) accumulate(value, seed);
  for (const node of forward.toReversed()) {
    const need = node.inputs.map((input) => needed.has(input));
    const ds = node.outputs.map((output) => cotangents.get(output));
    const d = ds.find((cotangent) => cotangent !== undefined);
    if (d === undefined || !need.includes(true) || isFlat(node.op)) continue;
    if (!isDifferentiable(node.op)) {
      if (isOperator(node.op)) refuseGradient(node, 'only gradients and shapes use this operator');
      throw unknownOperator(node);
    }
    const { inputs: x, outputs: y } = node;
    const found = rules[node.op]({ b, node, x, y, d, ds, need });
    found.forEach((cotangent, i) => {
      if (cotangent !== undefined && need[i]) accumulate(x[i]!, cotangent);
    });
  }
  return new Map(
    wrt.map((value) => {
      const { dtype, shape } = b.info(value);
      const d = cotangents.get(value);
      return [value, d === undefined ? b.filled(dtype, shape, 0) : full(b, d, shape)];
    }),
  );
}
