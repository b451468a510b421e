// The same graph for different providers. What ONNX Runtime's WebGPU provider lacks, places on the CPU or computes
// wrongly (AUTODIFF section 5, version 1.30) is rewritten here; each entry can go when its reason is gone.
// Apply it to the joint graph: the rules of fused operators give shorter gradients than their parts would. Applied
// before the sweep it is right as well.

import type { GraphBuilder } from '../onnx/builder.ts';
import { product } from '../onnx/dim.ts';
import { floatOf, type Graph, int, intOf, type Node } from '../onnx/graph.ts';
import { axisOf } from '../onnx/inference.ts';
import {
  geluGate,
  logSoftmax,
  normalDistribution,
  sine,
  standardized,
} from '../onnx/primitives.ts';
import { replay, rewrite } from '../onnx/rewrite.ts';
import { DataType } from '../onnx/tensor.ts';

export type Provider = 'cpu' | 'wasm' | 'webgpu';

export interface LowerOptions {
  readonly provider: Provider;
  /** Overrules the provider's default: 'primitive' writes both kinds of norm out. */
  readonly norms?: 'fused' | 'primitive';
}

type Lowering = (b: GraphBuilder, node: Node, x: readonly string[]) => string;

function primitiveNorm(centre: boolean): Lowering {
  return (b, node, x) => {
    const rank = b.shape(x[0]!).length;
    const first = axisOf(intOf(node, 'axis', -1), rank);
    const axes = Array.from({ length: rank - first }, (_, i) => first + i);
    const form = { axes, epsilon: floatOf(node, 'epsilon', 1e-5), centre };
    const scaled = b.add('Mul', [standardized(b, x[0]!, form).xh, x[1]!]);
    return x[2] ? b.add('Add', [scaled, x[2]]) : scaled;
  };
}

const norms: Readonly<Record<string, Lowering>> = {
  LayerNormalization: primitiveNorm(true),
  SimplifiedLayerNormalization: primitiveNorm(false),
};

/** Written out, GELU shares its erf or sigmoid with its gradient. */
const gelus: Readonly<Record<string, Lowering>> = {
  Gelu: (b, _, x) => b.add('Mul', [x[0]!, normalDistribution(b, x[0]!)]),
  FastGelu: (b, _, x) => b.add('Mul', [x[0]!, geluGate(b, x[0]!).gate]),
};

const webgpu: Readonly<Record<string, Lowering>> = {
  /** Its second output is garbage there; nobody here uses it, but the primitives merge with the gradient's. */
  SimplifiedLayerNormalization: primitiveNorm(false),
  /** Runs on the CPU there. */
  LogSoftmax: (b, node, x) =>
    logSoftmax(b, x[0]!, axisOf(intOf(node, 'axis', -1), b.shape(x[0]!).length)),
  /** WGSL promises 2^-11 within [-pi, pi] and nothing beyond; rotary angles go to the context's length. */
  Cos: (b, _, x) => sine(b, x[0]!, true),
  Sin: (b, _, x) => sine(b, x[0]!, false),
  /** A tied head: x W^T by Gemm's flag, since W (V, D) would be transposed anew at every run. */
  MatMul: (b, _, x) => {
    const before = b.producer(x[1]!);
    if (before?.op !== 'Transpose' || b.shape(x[1]!).length !== 2) return b.add('MatMul', x);
    const shape = b.shape(x[0]!);
    const rows = b.reshape(x[0]!, [product(shape.slice(0, -1)), shape.at(-1)!]);
    const y = b.add('Gemm', [rows, before.inputs[0]!], { transA: int(0), transB: int(1) });
    return b.reshape(y, [...shape.slice(0, -1), b.shape(y)[1]!]);
  },
  /** Runs on the CPU there. */
  Sign: (b, _, x) => {
    const zero = b.scalarLike(x[0]!, 0);
    const side = (op: 'Greater' | 'Less') => b.cast(b.add(op, [x[0]!, zero]), b.info(x[0]!).dtype);
    return b.add('Sub', [side('Greater'), side('Less')]);
  },
};

/**
 * On wasm a joint step is 5 to 12 % shorter with norms and GELU written out, since their parts merge with those of
 * the gradient (846 k and 126 k parameters, B = 32, T = 64, one thread); on Node it makes no difference.
 */
const providers: Readonly<Record<Provider, Readonly<Record<string, Lowering>>>> = {
  cpu: {},
  wasm: { ...norms, ...gelus },
  webgpu,
};

/** int64 values stay on the CPU in WebGPU: ids, masks and positions are fed as int32. */
function narrowInputs(graph: Graph): Graph {
  return {
    ...graph,
    inputs: graph.inputs.map((port) =>
      port.dtype === DataType.int64 ? { ...port, dtype: DataType.int32 } : port,
    ),
  };
}

/** Operators whose integer inputs must agree in type. */
const sameType = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max', 'Concat'],
  ...['Equal', 'Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual'],
]);

/** After narrowing, int32 values meet int64 ones: constants follow, what is computed is widened. */
function agree(b: GraphBuilder, node: Node, inputs: readonly string[]): readonly string[] {
  if (node.op === 'ScatterND') {
    // The one operator here that takes its indices as int64 only.
    return inputs.map((name, i) => (i === 1 ? b.cast(name, DataType.int64) : name));
  }
  const dtypes = inputs.map((name) => (name === '' ? undefined : b.info(name).dtype));
  const mixed = dtypes.includes(DataType.int32) && dtypes.includes(DataType.int64);
  if (!mixed || !sameType.has(node.op)) return inputs;
  const constants = inputs.every((name, i) => {
    const { contents, shape } = b.info(name);
    return dtypes[i] === DataType.int32 || (contents !== undefined && shape.length <= 1);
  });
  return inputs.map((name) => {
    const { contents, shape } = b.info(name);
    return constants && contents !== undefined
      ? b.constant(DataType.int32, shape, contents)
      : b.cast(name, constants ? DataType.int32 : DataType.int64);
  });
}

/** The graph rewritten for a provider; on WebGPU its integer inputs become int32. */
export function lower(graph: Graph, options: LowerOptions): Graph {
  const table: Readonly<Record<string, Lowering>> = {
    ...providers[options.provider],
    ...(options.norms === 'primitive' ? norms : {}),
  };
  const source = options.provider === 'webgpu' ? narrowInputs(graph) : graph;
  return rewrite(source, (b, node, given) => {
    const inputs = agree(b, node, given);
    const lowering = options.norms === 'fused' && node.op in norms ? undefined : table[node.op];
    if (lowering !== undefined) return [lowering(b, node, inputs)];
    return inputs === given ? undefined : replay(b, node, inputs);
  }).graph;
}
