// A checkpoint of 2.1 GB (safetensors, as a file of zeros that takes no room on the disk) made ready for a runtime: the
// graph is written and points into the file, of which only the table is read. Says how much memory that took at most.
// `node scripts/node.mjs bench/largeCheckpoint.ts`

import { mkdtempSync, openAsBlob, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFromSafetensors } from '../src/models/safetensorsModel.ts';

const shape = { width: 2048, inner: 8192, layers: 8, vocabulary: 512 };
const config = {
  model_type: 'llama',
  hidden_size: shape.width,
  num_hidden_layers: shape.layers,
  num_attention_heads: 16,
  intermediate_size: shape.inner,
  max_position_embeddings: 4096,
  vocab_size: shape.vocabulary,
  tie_word_embeddings: true,
};

/** Names and sizes of all weights. */
function* weights(): Generator<[string, number[]]> {
  const { width, inner, layers, vocabulary } = shape;
  yield ['model.embed_tokens.weight', [vocabulary, width]];
  yield ['model.norm.weight', [width]];
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    for (const part of ['q', 'k', 'v', 'o'])
      yield [`${at}.self_attn.${part}_proj.weight`, [width, width]];
    for (const part of ['gate', 'up']) yield [`${at}.mlp.${part}_proj.weight`, [inner, width]];
    yield [`${at}.mlp.down_proj.weight`, [width, inner]];
    for (const norm of ['input', 'post_attention'])
      yield [`${at}.${norm}_layernorm.weight`, [width]];
  }
}

/** A file with this table and zeros behind it; its size. */
function write(path: string): number {
  const table: Record<string, unknown> = {};
  let at = 0;
  for (const [name, dims] of weights()) {
    const bytes = 4 * dims.reduce((size, dim) => size * dim, 1);
    table[name] = { dtype: 'F32', shape: dims, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(table));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeSync(openSync(path, 'w'), Buffer.concat([length, json]));
  truncateSync(path, 8 + json.length + at);
  return 8 + json.length + at;
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

export async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'large-'));
  try {
    const path = join(folder, 'model.safetensors');
    const size = write(path);
    const held = () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = held();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, held());
    }, 1);
    const begun = performance.now();
    const data = await openAsBlob(path);
    const { bytes, beside } = await modelFromSafetensors('large', config, [
      { path: 'model.safetensors', data },
    ]);
    most = Math.max(most, held());
    clearInterval(watch);
    process.stdout.write(
      `${megabytes(size)} of weights: a graph of ${megabytes(bytes.length)} beside ${beside.length} file in ${Math.round(performance.now() - begun)} ms, at most ${megabytes(most - before)} more memory\n`,
    );
    return 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
