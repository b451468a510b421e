// A checkpoint whose weights are too large to be held twice, written by a script: a Llama as ONNX with all of its weights in
// one file beside it, as exporters write large models.

import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { llamaGraph, rotaryFrequencies } from '../src/models/llamaGraph.ts';
import { writeModel } from '../src/onnx/model.ts';
import { modelFrom, pointTo } from '../src/onnx/proto.ts';
import { DataType } from '../src/onnx/tensor.ts';

/** 268 MB a layer. */
const shape = { width: 2048, inner: 8192, heads: 16, headSize: 128, vocabulary: 79, context: 128 };
const DATA = 'model.onnx_data';
/** Numbers of a weight repeat after so many; a prime, so that no two rows are alike. */
const PERIOD = 1_000_003;
const CHUNK = 4 * 2 ** 20;

/** Small numbers around zero, and around one for norms; the same every time. */
function numbers(around: number): Buffer {
  const values = new Float32Array(PERIOD + CHUNK);
  let state = 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = i < PERIOD ? around + (state / 2 ** 32 - 0.5) / 16 : values[i - PERIOD]!;
  }
  return Buffer.from(values.buffer);
}

export interface LargeFolder {
  readonly files: readonly string[];
  /** Of the weights. */
  readonly bytes: number;
}

/** Writes a folder with `layers` layers. */
export async function writeLarge(
  folder: string,
  layers: number,
  root: string,
): Promise<LargeFolder> {
  const { headSize, heads } = shape;
  const architecture = {
    ...shape,
    layers,
    keyHeads: heads,
    epsilon: 1e-6,
    frequencies: rotaryFrequencies(headSize, 10_000),
    biases: false,
    headNorms: false,
    tied: true,
  };
  const learned: [string, number][] = [];
  const graph = llamaGraph(architecture, (name, dims) => {
    learned.push([name, 4 * dims.reduce((size, dim) => size * dim, 1)]);
    return { dtype: DataType.float, dims, bytes: new Uint8Array(0) };
  });
  const model = modelFrom(graph);
  const out = openSync(join(folder, DATA), 'w');
  const [plain, norm] = [numbers(0), numbers(1)];
  let at = 0;
  for (const [name, size] of learned) {
    const proto = model.graph!.initializer.find((tensor) => tensor.name === name)!;
    pointTo(proto, DATA, at, size);
    const source = name.includes('norm') ? norm : plain;
    for (let done = 0; done < size; ) {
      const from = (at + done) % (4 * PERIOD);
      const length = Math.min(size - done, CHUNK);
      writeSync(out, source, from, length);
      done += length;
    }
    at += size;
  }
  closeSync(out);
  writeFileSync(join(folder, 'model.onnx'), writeModel(model));
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      model_type: 'llama',
      max_position_embeddings: shape.context,
      vocab_size: shape.vocabulary,
      bos_token_id: 1,
      eos_token_id: 2,
    }),
  );
  const tokenizer = ['tokenizer.json', 'tokenizer_config.json'];
  for (const file of tokenizer) {
    await copyFile(join(root, 'recipes/tokenizer', file), join(folder, file));
  }
  const files = ['model.onnx', DATA, 'config.json', ...tokenizer];
  return { files: files.map((file) => join(folder, file)), bytes: at };
}
