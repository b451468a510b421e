// Operators that are other operators written short: rewritten when a graph is normalised, so that shape and
// gradient rules are needed for the simple ones only.

import {
  groupQueryAttention,
  multiHeadAttention,
  rotaryEmbedding,
  unsupported,
} from './attention.ts';
import type { GraphBuilder } from './builder.ts';
import { float, floatOf, int, intOf, intsOf, type Node } from './graph.ts';
import type { Composite } from './operators.ts';
import { DataType, numbersOf, type Tensor, tensorOf } from './tensor.ts';

/** Values for the node's outputs, in order; undefined where the engine has none. */
type Decompose = (
  b: GraphBuilder,
  node: Node,
  inputs: readonly string[],
) => readonly (string | undefined)[];

function constantTensor(node: Node): Tensor {
  const { value, value_float, value_floats, value_int, value_ints } = node.attributes;
  if (value?.type === 'tensor') return value.value;
  if (value_float?.type === 'float') return tensorOf(DataType.float, [], [value_float.value]);
  if (value_int?.type === 'int') return tensorOf(DataType.int64, [], [value_int.value]);
  if (value_floats?.type === 'floats') {
    return tensorOf(DataType.float, [value_floats.value.length], value_floats.value);
  }
  if (value_ints?.type === 'ints') {
    return tensorOf(DataType.int64, [value_ints.value.length], value_ints.value);
  }
  return unsupported(node, 'a constant of text or of a sparse tensor');
}

/** Adds a tensor of the file: small ones by their elements, so that equal ones are one value. */
export function addTensor(b: GraphBuilder, name: string, tensor: Tensor): string {
  const info = b.initializer(name, tensor);
  const contents = b.info(info).contents;
  return contents === undefined ? info : b.constant(tensor.dtype, tensor.dims, contents);
}

/** (x + skip + bias): the residual stream that Skip* operators also give out as their fourth output. */
function skipSum(b: GraphBuilder, x: string, skip: string, bias: string | undefined): string {
  const sum = b.add('Add', [x, skip]);
  return bias ? b.add('Add', [sum, bias]) : sum;
}

function normAttributes(node: Node, epsilon: number) {
  return {
    axis: int(intOf(node, 'axis', -1)),
    epsilon: float(floatOf(node, 'epsilon', epsilon)),
  };
}

const decompositions: { readonly [K in Composite]: Decompose } = {
  BiasGelu: (b, _, [x, bias]) => [b.add('Gelu', [b.add('Add', [x!, bias!])])],

  Constant: (b, node) => {
    const tensor = constantTensor(node);
    const values = numbersOf(tensor);
    const small = values !== undefined && values.length <= 64 && tensor.dims.length <= 1;
    return [
      small
        ? b.constant(tensor.dtype, tensor.dims, values)
        : addTensor(b, node.outputs[0]!, tensor),
    ];
  },

  /** At inference it copies its input. */
  Dropout: (_, __, [x]) => [x],

  FusedMatMul: (b, node, [left, right]) => {
    if (intOf(node, 'transBatchA', 0) || intOf(node, 'transBatchB', 0)) {
      unsupported(node, 'a transposed batch axis');
    }
    const x = intOf(node, 'transA', 0) ? b.swapLast(left!) : left!;
    const y = intOf(node, 'transB', 0) ? b.swapLast(right!) : right!;
    const product = b.add('MatMul', [x, y]);
    return [b.add('Mul', [product, b.scalarLike(product, floatOf(node, 'alpha', 1))])];
  },

  GroupQueryAttention: groupQueryAttention,

  Mean: (b, _, inputs) => {
    const sum = inputs.reduce((x, y) => b.add('Add', [x, y]));
    return [b.add('Div', [sum, b.scalarLike(sum, inputs.length)])];
  },

  MultiHeadAttention: multiHeadAttention,

  QuickGelu: (b, node, [x]) => {
    const scaled = b.add('Mul', [x!, b.scalarLike(x!, floatOf(node, 'alpha', 1.702))]);
    return [b.add('Mul', [x!, b.add('Sigmoid', [scaled])])];
  },

  RMSNormalization: (b, node, [x, scale]) => [
    b.add('SimplifiedLayerNormalization', [x!, scale!], normAttributes(node, 1e-5)),
  ],

  ReduceSumSquare: (b, node, [x, axesInput]) => {
    const axes = axesInput ?? b.ints(intsOf(node, 'axes') ?? []);
    const attributes = { keepdims: int(intOf(node, 'keepdims', 1)) };
    return [b.add('ReduceSum', [b.add('Mul', [x!, x!]), axes], attributes)];
  },

  RotaryEmbedding: rotaryEmbedding,

  /** x, skip, gamma, beta?, bias? -> normalised, mean, 1 / deviation, sum */
  SkipLayerNormalization: (b, node, [x, skip, gamma, beta, bias]) => {
    const sum = skipSum(b, x!, skip!, bias);
    const inputs = beta ? [sum, gamma!, beta] : [sum, gamma!];
    const normalized = b.add('LayerNormalization', inputs, normAttributes(node, 1e-12));
    return [normalized, undefined, undefined, sum];
  },

  /** x, skip, gamma, bias? -> normalised, -, -, sum */
  SkipSimplifiedLayerNormalization: (b, node, [x, skip, gamma, bias]) => {
    const sum = skipSum(b, x!, skip!, bias);
    const attributes = normAttributes(node, 1e-12);
    const normalized = b.add('SimplifiedLayerNormalization', [sum, gamma!], attributes);
    return [normalized, undefined, undefined, sum];
  },

  Sum: (b, _, inputs) => [inputs.reduce((x, y) => b.add('Add', [x, y]))],
};

/** Adds what a composite node stands for. Throws UserError where an option of it has no gradient. */
export function decompose(
  b: GraphBuilder,
  node: Node & { readonly op: Composite },
  inputs: readonly string[],
): readonly (string | undefined)[] {
  return decompositions[node.op](b, node, inputs);
}
