// A PyTorch checkpoint (config.json and safetensors) as an ONNX decoder: the project writes the graph of the family
// itself and takes the weights from the file. float32 weights stay where they are: the graph points into the very
// file. bfloat16 and float16 are made float32, tensor by tensor.

import { UserError } from '../core/errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { brainToFloat, halfToFloat } from '../onnx/half.ts';
import { writeModel } from '../onnx/model.ts';
import { modelFrom, pointTo } from '../onnx/proto.ts';
import { DataType, type Tensor } from '../onnx/tensor.ts';
import { gpt2Graph } from './decoderGraph.ts';
import { isRecord } from './folder.ts';
import type { WeightSource } from './graphWriter.ts';
import { llamaGraph } from './llamaGraph.ts';
import { gpt2Config, llamaConfig } from './pytorchConfig.ts';
import type { BesideFile } from './runtime.ts';
import { headerLength, parseSafetensors, type SafeTensor } from './safetensors.ts';

/** A file of weights; bytes are read when they are needed. */
export interface WeightFile {
  readonly path: string;
  readonly data: Blob;
}

interface Placed extends SafeTensor {
  readonly file: WeightFile;
}

/** Weights beyond this stay out of the graph's file. Bytes. */
const INLINE = 256 * 2 ** 20;
const WIDE = 'weights.float32';

const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

/** @throws UserError 'checkpoint' */
export async function readTables(files: readonly WeightFile[]): Promise<Map<string, Placed>> {
  const all = new Map<string, Placed>();
  for (const file of files) {
    const { path, data } = file;
    const length = headerLength(await bytesOf(data.slice(0, 9)), data.size, path);
    const table = parseSafetensors(await bytesOf(data.slice(0, length)), data.size, path);
    for (const [name, tensor] of table.tensors) {
      const twice = all.get(name);
      if (twice) {
        throw new UserError(
          'checkpoint',
          `The tensor ${name} is in ${twice.file.path} and in ${path}.`,
          'Keep only the files of one checkpoint in the folder.',
        );
      }
      all.set(name, { ...tensor, file });
    }
  }
  return all;
}

/**
 * Files of a sharded checkpoint, by its index.
 * @throws UserError 'checkpoint' naming what is missing
 */
export function shardsOf(name: string, index: unknown, present: ReadonlySet<string>): string[] {
  const map = isRecord(index) ? index.weight_map : undefined;
  if (!isRecord(map) || Object.values(map).some((file) => typeof file !== 'string')) {
    throw new UserError(
      'checkpoint',
      `${name}/model.safetensors.index.json has no weight_map that names a file for each weight.`,
      'Download it again.',
    );
  }
  const files = [...new Set(Object.values(map) as string[])].sort();
  const missing = files.filter((file) => !present.has(file));
  if (missing.length === 0) return files;
  throw new UserError(
    'checkpoint',
    `Of the ${files.length} files of ${name}’s weights ${missing.length} are missing: ${missing.slice(0, 3).join(', ')}.`,
    'Add them: all parts of a checkpoint are loaded together.',
  );
}

/**
 * The decoder's file, and the files beside it that it points into.
 * @param inline bytes of weights up to which there is one file
 * @throws UserError 'checkpoint'
 */
export async function modelFromSafetensors(
  name: string,
  config: Readonly<Record<string, unknown>>,
  files: readonly WeightFile[],
  inline = INLINE,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly beside: readonly BesideFile[] }> {
  const tensors = await readTables(files);
  const used = new Map<string, Placed>();
  const source: WeightSource = (weight, dims) => {
    const found = [weight, `transformer.${weight}`, weight.replace(/^model\./, '')]
      .map((candidate) => tensors.get(candidate))
      .find((one) => one !== undefined);
    if (!found) {
      throw new UserError(
        'checkpoint',
        `${name} has no weight ${weight}, which its config.json promises.`,
        'Use config.json and weights of the same model.',
      );
    }
    if (found.dims.length !== dims.length || found.dims.some((dim, i) => dim !== dims[i])) {
      throw new UserError(
        'checkpoint',
        `${name}: the weight ${found.name} is [${found.dims.join(', ')}]; its config.json promises [${dims.join(', ')}].`,
        'Use config.json and weights of the same model.',
      );
    }
    if (!['F32', 'F16', 'BF16'].includes(found.type)) {
      throw new UserError(
        'checkpoint',
        `${name}: the weight ${found.name} has the number type ${found.type}; F32, F16 and BF16 are understood.`,
        'Use the checkpoint as it was before it was quantised, or an ONNX export of it.',
      );
    }
    used.set(weight, found);
    // Filled in below: a graph is written at once, weights are read one by one.
    return { dtype: DataType.float, dims, bytes: new Uint8Array(0) };
  };
  const graph = graphOf(name, config, source, new Set(tensors.keys()));
  const total = [...used.values()].reduce(
    (sum, { dims }) => sum + 4 * dims.reduce((n, d) => n * d, 1),
    0,
  );
  return total <= inline ? whole(graph, used) : pointing(graph, used, files);
}

function graphOf(
  name: string,
  config: Readonly<Record<string, unknown>>,
  source: WeightSource,
  present: ReadonlySet<string>,
): Graph {
  const family = config.model_type;
  if (family === 'gpt2') {
    const { shape, ...options } = gpt2Config(name, config, present);
    return gpt2Graph(shape, { weights: source, ...options });
  }
  return llamaGraph(llamaConfig(name, config, present), source);
}

async function floatsOf({ file, begin, end, type }: Placed): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await bytesOf(file.data.slice(begin, end));
  if (type === 'F32') return bytes;
  return new Uint8Array((type === 'F16' ? halfToFloat(bytes) : brainToFloat(bytes)).buffer);
}

async function whole(graph: Graph, used: ReadonlyMap<string, Placed>) {
  const initializers = new Map<string, Tensor>(graph.initializers);
  for (const [weight, placed] of used) {
    initializers.set(weight, { ...initializers.get(weight)!, bytes: await floatsOf(placed) });
  }
  return { bytes: writeModel(modelFrom({ ...graph, initializers })), beside: [] };
}

async function pointing(
  graph: Graph,
  used: ReadonlyMap<string, Placed>,
  files: readonly WeightFile[],
) {
  const model = modelFrom(graph);
  const converted: Blob[] = [];
  let at = 0;
  for (const [weight, placed] of used) {
    const { begin, end, file, type } = placed;
    const proto = model.graph!.initializer.find((tensor) => tensor.name === weight)!;
    if (type === 'F32') {
      pointTo(proto, file.path, begin, end - begin);
      continue;
    }
    // A Blob's bytes are the browser's business, not this heap's.
    const wide = new Blob([await floatsOf(placed)]);
    pointTo(proto, WIDE, at, wide.size);
    converted.push(wide);
    at += wide.size;
  }
  const beside: BesideFile[] = files.map(({ path, data }) => ({ path, data }));
  if (converted.length > 0) beside.push({ path: WIDE, data: new Blob(converted) });
  return { bytes: writeModel(model), beside };
}
