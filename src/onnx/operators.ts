// Every operator that the engine knows, by what it can do with it. The lists are types as well: shape inference,
// decomposition and differentiation are total maps over them, so that an operator added here does not compile
// until each has its line.

import { UserError } from '../core/errors.ts';
import { type Node, nodeLabel } from './graph.ts';

/** Operators through which gradients flow. */
export const differentiable = [
  'Abs',
  'Add',
  'Cast',
  'Clip',
  'Concat',
  'Cos',
  'CumSum',
  'Div',
  'Erf',
  'Exp',
  'Expand',
  'FastGelu',
  'Flatten',
  'Gather',
  'GatherElements',
  'Gelu',
  'Gemm',
  'Identity',
  'LayerNormalization',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'MatMul',
  'MatMulNBits',
  'Max',
  'Min',
  'Mul',
  'Neg',
  'Pad',
  'Pow',
  'Reciprocal',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceSum',
  'Relu',
  'Reshape',
  'Sigmoid',
  'SimplifiedLayerNormalization',
  'Sin',
  'Slice',
  'Softmax',
  'Softplus',
  'Split',
  'Sqrt',
  'Squeeze',
  'Sub',
  'Tanh',
  'Tile',
  'Transpose',
  'Trilu',
  'Unsqueeze',
  'Where',
] as const;

/** Operators whose outputs do not vary, or only in steps, with their float inputs: the gradient is zero. */
export const flat = [
  'And',
  'Ceil',
  'ConstantOfShape',
  'Equal',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'Not',
  'Or',
  'Range',
  'Round',
  'Shape',
  'Sign',
  'Size',
  'Xor',
] as const;

/** Operators that occur in shape computations and in gradients; a gradient through them is refused. */
export const oneWay = [
  'DequantizeLinear',
  'Mod',
  'ReduceProd',
  'ScatterElements',
  'ScatterND',
] as const;

/** Operators that are rewritten into the ones above before anything else happens. */
export const composite = [
  'BiasGelu',
  'Constant',
  'Dropout',
  'FusedMatMul',
  'GroupQueryAttention',
  'Mean',
  'MultiHeadAttention',
  'QuickGelu',
  'RMSNormalization',
  'ReduceSumSquare',
  'RotaryEmbedding',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
  'Sum',
] as const;

export type Differentiable = (typeof differentiable)[number];
export type Flat = (typeof flat)[number];
export type OneWay = (typeof oneWay)[number];
export type Composite = (typeof composite)[number];
/** What a normalised graph is made of. */
export type Operator = Differentiable | Flat | OneWay;

const differentiableNames: ReadonlySet<string> = new Set(differentiable);
const flatNames: ReadonlySet<string> = new Set(flat);
const operatorNames: ReadonlySet<string> = new Set([...differentiable, ...flat, ...oneWay]);
const compositeNames: ReadonlySet<string> = new Set(composite);

export const isOperator = (op: string): op is Operator => operatorNames.has(op);
export const isDifferentiable = (op: string): op is Differentiable => differentiableNames.has(op);
export const isFlat = (op: string): op is Flat => flatNames.has(op);
export const isComposite = (op: string): op is Composite => compositeNames.has(op);

/** The operator sets that a graph of ours is written in: 18, or 21 if it unpacks 4-bit weights. */
export function opsetsFor(nodes: readonly Node[]): Readonly<Record<string, number>> {
  const unpacks = nodes.some((node) => node.op === 'DequantizeLinear');
  return { '': unpacks ? 21 : 18, 'com.microsoft': 1 };
}

/** The domain under which ONNX Runtime has the operator; '' for all but a few contributed ones. */
export function domainOf(op: Operator): string {
  return op === 'Gelu' || op === 'FastGelu' || op === 'MatMulNBits' ? 'com.microsoft' : '';
}

/** Names the node, the operator and what can be done. */
export function unknownOperator(node: Node): UserError {
  if (node.op === 'If' || node.op === 'Loop' || node.op === 'Scan') {
    return new UserError(
      'onnx',
      `${nodeLabel(node)} has a body of its own, which cannot be differentiated.`,
      'Use the export without merged decoders (decoder_model.onnx or model.onnx, not decoder_model_merged.onnx), or export again with the past inputs always given.',
    );
  }
  return new UserError(
    'onnx',
    `${nodeLabel(node)}: the operator ${node.domain === '' ? '' : `${node.domain}.`}${node.op} has no rule here.`,
    'Export the model without it (a lower optimisation level or another exporter often suffices), or add its shape and gradient rules to src/onnx and src/autodiff.',
  );
}
