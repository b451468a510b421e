// Which initialisers are weights. A file does not say: causal masks, cos/sin caches and inverse frequencies stand
// beside embeddings and biases. What a tensor is *used* for decides, and only in company of what is learned
// already (inv_freq multiplies positions, a bias is added to activations); values settle the rest.

import { UserError } from '../core/errors.ts';
import type { Graph, Node } from './graph.ts';
import { isDifferentiable } from './operators.ts';
import { DataType, float32Of, type Tensor, typeName } from './tensor.ts';

export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  /** float32, as in the file. */
  readonly tensor: Tensor;
}

/** Operators that only look at a weight differently: unfolded exports and packed biases have them. */
const views = new Set(['Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Cast', 'Split']);

/** cos and sin caches: a first row of 0 or 1 only (position 0) and nothing beyond [-1, 1]. */
function isRotaryCache(tensor: Tensor): boolean {
  const values = float32Of(tensor);
  const columns = tensor.dims.at(-1) ?? 0;
  const first = values.subarray(0, columns);
  const start = first[0];
  return (
    (start === 0 || start === 1) &&
    first.every((x) => x === start) &&
    values.every((x) => Math.abs(x) <= 1)
  );
}

/** A vector, up to axes of size 1: biases and scales, but no mask or cos/sin table. */
function isVector(tensor: Tensor): boolean {
  return tensor.dims.filter((dim) => dim > 1).length === 1 && (tensor.dims.at(-1) ?? 0) > 1;
}

function isRole(node: Node, index: number, tensor: Tensor, othersLearned: boolean): boolean {
  switch (node.op) {
    case 'Gather':
      return index === 0 && tensor.dims.length === 2 && !isRotaryCache(tensor);
    case 'MatMul':
      return othersLearned && tensor.dims.length >= 2;
    case 'Gemm':
      return othersLearned;
    case 'LayerNormalization':
    case 'SimplifiedLayerNormalization':
      return index > 0;
    case 'Add':
    case 'Sub':
    case 'Mul':
      return othersLearned && isVector(tensor);
    default:
      return false;
  }
}

/**
 * Names of the initialisers that training changes, in the order in which they are used.
 * `choose` may overrule (true or false) by name.
 */
export function findParameters(
  graph: Graph,
  choose: (name: string) => boolean | undefined = () => undefined,
): string[] {
  /** View of an initialiser -> the initialiser. */
  const origin = new Map([...graph.initializers.keys()].map((name) => [name, name]));
  const learned = new Set<string>();
  const found = new Set<string>();
  for (const node of graph.nodes) {
    const first = node.inputs[0];
    const viewed = first === undefined ? undefined : origin.get(first);
    if (viewed !== undefined && views.has(node.op)) {
      for (const output of node.outputs) origin.set(output, viewed);
    }
    node.inputs.forEach((input, index) => {
      const name = origin.get(input);
      const tensor = name === undefined ? undefined : graph.initializers.get(name);
      if (name === undefined || tensor?.dtype !== DataType.float) return;
      const others = node.inputs.some((other, i) => i !== index && learned.has(other));
      const size = tensor.dims.reduce((n, dim) => n * dim, 1);
      // Single numbers are constants: equal ones are one value.
      if (size > 1 && (choose(name) ?? isRole(node, index, tensor, others))) {
        found.add(name);
        learned.add(input);
      }
    });
    if (!isDifferentiable(node.op) || !node.inputs.some((input) => learned.has(input))) continue;
    for (const output of node.outputs) learned.add(output);
  }
  return [...found];
}

/** Makes initialisers inputs, which are fed at every run. */
export function lift(graph: Graph, names: readonly string[]): Graph {
  const lifted = new Set(names);
  const ports = names.map((name) => {
    const tensor = graph.initializers.get(name);
    if (tensor === undefined) throw new Error(`lift: '${name}' is no initialiser`);
    return { name, dtype: tensor.dtype, shape: tensor.dims };
  });
  return {
    ...graph,
    inputs: [...graph.inputs, ...ports],
    initializers: new Map([...graph.initializers].filter(([name]) => !lifted.has(name))),
  };
}

/** Throws UserError for weights in types that have no gradient. */
export function refuseNarrowWeights(graph: Graph): void {
  const narrow = [...graph.initializers].find(
    ([, { dtype, dims }]) =>
      (dtype === DataType.float16 || dtype === DataType.bfloat16) && dims.length > 0,
  );
  if (narrow !== undefined) {
    const [name, { dtype }] = narrow;
    throw new UserError(
      'onnx',
      `The weights are ${typeName(dtype)} ('${name}'); training needs float32.`,
      'Use the float32 export (model.onnx instead of model_fp16.onnx).',
    );
  }
  const integer = graph.nodes.find((node) =>
    /^(MatMulInteger|QLinear\w+|DynamicQuantizeLinear|DequantizeLinear|QuantizeLinear|QGemm|ConvInteger)$/.test(
      node.op,
    ),
  );
  if (integer !== undefined) {
    throw new UserError(
      'onnx',
      `The weights are integers (operator ${integer.op} in node '${integer.name || integer.outputs[0]}').`,
      'Use the float32 export (model.onnx instead of model_quantized.onnx), or a 4-bit export (model_q4.onnx) with LoRA.',
    );
  }
}
