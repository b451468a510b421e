// The weights of a file as they lie in it, whatever their number type: float16, integers with scales, 4-bit blocks.
// Values are made when somebody looks; until then there are names and sizes.

import { type Graph, intOf, type Node } from '../onnx/graph.ts';
import { brainToFloat, halfToFloat } from '../onnx/half.ts';
import { DataType, isFloat, sizeOf, type Tensor, typeName } from '../onnx/tensor.ts';

export interface StoredWeight {
  /** Of what the numbers stand for: (outputs, inputs) of a 4-bit matrix. */
  readonly dims: readonly number[];
  /** For people: `uint8, 4 bits in blocks of 32`. */
  readonly stored: string;
  readonly quantised: boolean;
  /** float32, row by row. */
  values(): Float32Array<ArrayBuffer>;
}

const HALF = new Set<number>([DataType.float16, DataType.bfloat16]);
const INTEGER = new Set<number>([DataType.int8, DataType.uint8]);

/** Weights that are not float32; with `all`, the float32 ones too, as far as they have two axes or are used as such. */
export function storedWeights(graph: Graph, all = false): Map<string, StoredWeight> {
  const found = new Map<string, StoredWeight>();
  const tensor = (name: string | undefined) => graph.initializers.get(name ?? '');
  for (const node of graph.nodes) {
    const quantised = quantisedWeight(node, tensor);
    if (quantised) {
      found.set(...quantised);
      continue;
    }
    node.inputs.forEach((name, i) => {
      const weight = tensor(name);
      if (!weight || found.has(name) || sizeOf(weight.dims) < 2) return;
      const narrow = HALF.has(weight.dtype);
      if (!narrow && !(all && isFloat(weight.dtype))) return;
      if (!isUsedAsWeight(node, i, weight)) return;
      found.set(name, {
        dims: weight.dims,
        stored: typeName(weight.dtype),
        quantised: false,
        values: () => floatsOf(weight),
      });
    });
  }
  return found;
}

/** In a graph as exported, where masks and tables of angles stand beside weights. */
function isUsedAsWeight({ op }: Node, input: number, { dims }: Tensor): boolean {
  const long = dims.filter((n) => n > 1).length;
  if (op === 'Gather') return input === 0 && long === 2;
  if (/^(MatMul|Gemm|FusedMatMul|Transpose)$/.test(op)) return long >= 1;
  if (/Normalization$/.test(op)) return input > 0;
  if (op === 'MatMulNBits') return input === 5;
  return /^(Add|Mul|BiasGelu)$/.test(op) && long === 1 && (dims.at(-1) ?? 0) > 1;
}

type Find = (name: string | undefined) => Tensor | undefined;

function quantisedWeight(node: Node, tensor: Find): [string, StoredWeight] | undefined {
  const name = node.inputs[node.op === 'MatMulNBits' || node.op === 'MatMulInteger' ? 1 : 0] ?? '';
  const weight = tensor(name);
  if (!weight) return undefined;
  if (node.op === 'MatMulNBits') {
    const [K, N] = [intOf(node, 'K', 0), intOf(node, 'N', 0)];
    const bits = intOf(node, 'bits', 4);
    const block = intOf(node, 'block_size', 32);
    const stored = `${typeName(weight.dtype)}, ${bits} bits in blocks of ${block}`;
    const values = () =>
      unpackBlocks(weight, tensor(node.inputs[2]), tensor(node.inputs[3]), { K, N, bits, block });
    return [name, { dims: [N, K], stored, quantised: true, values }];
  }
  if (!INTEGER.has(weight.dtype)) return undefined;
  if (node.op === 'DequantizeLinear') {
    const axis = intOf(node, 'axis', 1);
    const values = () => scaled(weight, tensor(node.inputs[1]), tensor(node.inputs[2]), axis);
    const stored = `${typeName(weight.dtype)} with scales`;
    return [name, { dims: weight.dims, stored, quantised: true, values }];
  }
  if (node.op !== 'MatMulInteger') return undefined;
  // The scale is multiplied in later; ONNX Runtime's quantiser names it after the weight.
  const base = name.replace(/_quantized$/, '');
  const values = () =>
    scaled(weight, tensor(`${base}_scale`), tensor(node.inputs[3]), weight.dims.length - 1);
  return [
    name,
    { dims: weight.dims, stored: `${typeName(weight.dtype)} with scales`, quantised: true, values },
  ];
}

interface Blocks {
  readonly K: number;
  readonly N: number;
  readonly bits: number;
  readonly block: number;
}

/** MatMulNBits: (outputs, blocks, bytes of a block), a scale per block, a zero point or the middle. */
function unpackBlocks(
  { bytes }: Tensor,
  scales: Tensor | undefined,
  zeros: Tensor | undefined,
  { K, N, bits, block }: Blocks,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(N * K);
  const scale = scales ? floatsOf(scales) : new Float32Array(0);
  const blocks = Math.ceil(K / block);
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  const rowBytes = blocks * (block / perByte);
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  for (let row = 0; row < N; row++) {
    for (let column = 0; column < K; column++) {
      const at = Math.floor(column / block);
      const raw =
        (bytes[row * rowBytes + Math.floor(column / perByte)] ?? 0) >> ((column % perByte) * bits);
      const packed = zeros?.bytes[row * zeroBytes + Math.floor(at / perByte)];
      const zero =
        packed === undefined ? 2 ** (bits - 1) : (packed >> ((at % perByte) * bits)) & mask;
      values[row * K + column] = ((raw & mask) - zero) * (scale[row * blocks + at] ?? 0);
    }
  }
  return values;
}

/** (q - zero) * scale, one scale for all or one for each index of `axis`. */
function scaled(
  { dtype, dims, bytes }: Tensor,
  scales: Tensor | undefined,
  zeros: Tensor | undefined,
  axis: number,
): Float32Array<ArrayBuffer> {
  const signed = dtype === DataType.int8;
  const numbers = (of: Tensor) =>
    of.dtype === DataType.int8
      ? new Int8Array(of.bytes.buffer, of.bytes.byteOffset, of.bytes.length)
      : of.bytes;
  const quantised = signed ? numbers({ dtype, dims, bytes }) : bytes;
  const scale = scales ? floatsOf(scales) : new Float32Array([1]);
  const zero = zeros ? numbers(zeros) : undefined;
  const inner = dims.slice(axis + 1).reduce((product, n) => product * n, 1);
  const along = dims[axis] ?? 1;
  return Float32Array.from(quantised, (q, i) => {
    const at = scale.length === 1 ? 0 : Math.floor(i / inner) % along;
    const origin = zero ? (zero[zero.length === 1 ? 0 : at] ?? 0) : 0;
    return (q - origin) * (scale[at] ?? 0);
  });
}

/** float32, float64, float16 and bfloat16 as float32. */
export function floatsOf({ dtype, bytes }: Tensor): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  if (dtype === DataType.float) return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (dtype === DataType.double) {
    return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
  }
  return dtype === DataType.bfloat16 ? brainToFloat(bytes) : halfToFloat(bytes);
}
