// A checkpoint in every layout that people have it in gives the same logits; what is missing is named.

import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import {
  external,
  type Files,
  gpt2Json,
  jsonFile,
  llamaJson,
  safetensorsFolder,
  tokenizerFiles,
  weightsOf,
} from '../../test/families/folders.ts';
import { familyBytes, familyConfig, familyGraph } from '../../test/families/index.ts';
import { DeviceLogits } from '../backend/logits.ts';
import { UserError } from '../core/errors.ts';
import { floatToHalf } from '../onnx/half.ts';
import { canonical, MODEL_PATH } from './canonical.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { withoutExternalData } from './externalData.ts';
import { blobFolder } from './folder.ts';
import { layoutOf } from './layout.ts';
import { writeSafetensors } from './safetensors.ts';
import { modelFromSafetensors } from './safetensorsModel.ts';

const TEXT = [1, 17, 30, 22, 41, 8, 60, 3];

const folderOf = (files: Files) =>
  blobFolder('mine', new Map([...files].map(([path, bytes]) => [path, new Blob([bytes])])));

async function logitsOf(files: Files, file?: string): Promise<number[]> {
  const runtime = await loadNodeRuntime();
  const checkpoint = await loadCheckpoint(folderOf(files), runtime, file ? { file } : {});
  try {
    const logits = await checkpoint.model.decoder(checkpoint.vocab).logits(TEXT, 1);
    if (!(logits instanceof DeviceLogits)) throw new Error('not on a device');
    return [...(logits.source as Float32Array)];
  } finally {
    await checkpoint.release();
  }
}

async function complaint(files: Files): Promise<string> {
  try {
    await logitsOf(files);
  } catch (error) {
    if (error instanceof UserError) return `${error.message} ${error.remedy}`;
    throw error;
  }
  throw new Error('accepted');
}

const base = (): Files => new Map([...tokenizerFiles(), ['config.json', jsonFile(familyConfig)]]);
const farthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN))));

describe('ONNX', () => {
  const model = familyBytes('llama');
  const plain = new Map([...base(), [MODEL_PATH, model]]);

  it('one number type of several, the best first, or the one that is asked for', async () => {
    const types = ['', '_fp16', '_q4', '_q4f16', '_quantized', '_int8', '_uint8', '_bnb4'];
    const paths = types.map((suffix) => `onnx/model${suffix}.onnx`);
    const { models } = layoutOf([...paths].reverse());
    expect(models.map(({ path }) => path)).toEqual(paths);
    expect(models.map(({ type }) => type)).toContain('int4, float16');
    const files = new Map([...base(), ['onnx/model_q4.onnx', model]]);
    expect(await logitsOf(files)).toEqual(await logitsOf(plain));
    const two = new Map([...plain, ['onnx/model_q4.onnx', familyBytes('contrib llama int4')]]);
    expect(await logitsOf(two, 'onnx/model_q4.onnx')).not.toEqual(await logitsOf(two));
  });

  it.each([1, 3, 100])('weights in %d files beside it', async (parts) => {
    const split = external(familyGraph('llama'), parts);
    const files = new Map([...base(), ...[...split].map(([p, b]) => [`onnx/${p}`, b] as const)]);
    expect(await logitsOf(files)).toEqual(await logitsOf(plain));
    // What trains reads one file.
    const folder = await canonical(folderOf(files));
    const whole = await withoutExternalData(split.get('model.onnx')!, (name) =>
      folder.read(`onnx/${name}`),
    );
    expect(await logitsOf(new Map([...base(), [MODEL_PATH, whole]]))).toEqual(
      await logitsOf(plain),
    );
  });

  it('a bare model with its tokenizer', async () => {
    const bare = new Map([...base(), ['model.onnx', model]]);
    bare.delete('tokenizer_config.json');
    expect((await logitsOf(bare)).length).toBe((await logitsOf(plain)).length);
  });

  it('a GenAI folder', async () => {
    const genAi = {
      model: {
        type: 'llama',
        context_length: familyConfig.max_position_embeddings,
        vocab_size: familyConfig.vocab_size,
        eos_token_id: [2, 3],
        bos_token_id: 1,
        decoder: { filename: 'model.onnx' },
      },
    };
    const split = external(familyGraph('contrib llama'), 1, 'model.onnx.data');
    const files = new Map([...tokenizerFiles(), ...split, ['genai_config.json', jsonFile(genAi)]]);
    const whole = new Map([...base(), [MODEL_PATH, familyBytes('contrib llama')]]);
    expect(await logitsOf(files)).toEqual(await logitsOf(whole));
  });

  it('names the file that is missing', async () => {
    const split = external(familyGraph('llama'), 3);
    split.delete('model.onnx_data_1');
    expect(await complaint(new Map([...base(), ...split]))).toBe(
      'mine/model.onnx keeps weights in the file model.onnx_data_1, which is missing (there is model.onnx_data). Add model.onnx_data_1: both belong together.',
    );
    expect(await complaint(base())).toBe(
      'mine holds a configuration and a tokenizer, but no model. Add the model: onnx/model.onnx, or model.safetensors with its config.json.',
    );
  });
});

describe('safetensors', () => {
  it.each([
    ['llama', llamaJson],
    ['qwen2', { ...llamaJson, model_type: 'qwen2', tie_word_embeddings: true }],
    ['qwen3', { ...llamaJson, model_type: 'qwen3', tie_word_embeddings: true }],
    ['gpt2', gpt2Json],
  ] as const)(
    '%s: the graph that the project writes has the logits of the exported one',
    async (family, config) => {
      const exported = new Map([...base(), [MODEL_PATH, familyBytes(family)]]);
      const files = safetensorsFolder(familyGraph(family), config);
      expect(await logitsOf(files)).toEqual(await logitsOf(exported));
    },
  );

  it('in parts, with an index', async () => {
    const weights = [...weightsOf(familyGraph('llama'))];
    const half = Math.floor(weights.length / 2);
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
    const files = safetensorsFolder(familyGraph('llama'), llamaJson);
    const exported = await logitsOf(files);
    files.delete('model.safetensors');
    files.set(names[0], writeSafetensors(new Map(weights.slice(0, half))));
    files.set(names[1], writeSafetensors(new Map(weights.slice(half))));
    const map = Object.fromEntries(weights.map(([name], i) => [name, names[i < half ? 0 : 1]]));
    files.set('model.safetensors.index.json', jsonFile({ weight_map: map }));
    expect(await logitsOf(files)).toEqual(exported);
    files.delete(names[1]);
    expect(await complaint(files)).toBe(
      'Of the 2 files of mine’s weights 1 are missing: model-00002-of-00002.safetensors. Add them: all parts of a checkpoint are loaded together.',
    );
  });

  it('large weights stay in their file; bfloat16 and float16 become float32 beside it', async () => {
    const graph = familyGraph('llama');
    const exported = await logitsOf(safetensorsFolder(graph, llamaJson));
    for (const type of ['F32', 'BF16', 'F16'] as const) {
      const bytes = narrow(writeSafetensors(weightsOf(graph)), type);
      const path = 'model.safetensors';
      const built = await modelFromSafetensors(
        'mine',
        llamaJson,
        [{ path, data: new Blob([bytes]) }],
        0,
      );
      expect(built.bytes.length).toBeLessThan(30_000);
      const beside = await Promise.all(
        built.beside.map(
          async ({ path, data }) =>
            [`onnx/${path}`, new Uint8Array(await new Blob([data as Blob]).arrayBuffer())] as const,
        ),
      );
      const logits = await logitsOf(new Map([...base(), [MODEL_PATH, built.bytes], ...beside]));
      const tolerance = { F32: 0, BF16: 0.2, F16: 0.02 }[type];
      expect(farthest(logits, exported)).toBeLessThanOrEqual(tolerance);
    }
  });

  it('says what does not fit together', async () => {
    const files = safetensorsFolder(familyGraph('llama'), { ...llamaJson, vocab_size: 80 });
    expect(await complaint(files)).toBe(
      'mine: the weight model.embed_tokens.weight is [79, 32]; its config.json promises [80, 32]. Use config.json and weights of the same model.',
    );
    const deeper = safetensorsFolder(familyGraph('llama'), { ...llamaJson, num_hidden_layers: 3 });
    expect(await complaint(deeper)).toContain(
      'mine has no weight model.layers.2.input_layernorm.weight',
    );
  });
});

/** A float32 file of ours as one of another number type, the upper half of each number or its nearest float16. */
function narrow(
  bytes: Uint8Array<ArrayBuffer>,
  type: 'F32' | 'F16' | 'BF16',
): Uint8Array<ArrayBuffer> {
  if (type === 'F32') return bytes;
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const table = JSON.parse(new TextDecoder().decode(bytes.subarray(8, header)));
  for (const entry of Object.values<{ dtype: string; data_offsets: number[] }>(table)) {
    if (!entry.data_offsets) continue;
    entry.dtype = type;
    entry.data_offsets = entry.data_offsets.map((offset) => offset / 2);
  }
  const values = new Float32Array(bytes.slice(header).buffer);
  const words =
    type === 'F16' ? new Uint16Array(floatToHalf(values).buffer) : new Uint16Array(values.length);
  if (type === 'BF16') {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < words.length; i++) words[i] = bits[i]! >>> 16;
  }
  const json = new TextEncoder().encode(JSON.stringify(table));
  const out = new Uint8Array(8 + json.length + words.byteLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  out.set(new Uint8Array(words.buffer), 8 + json.length);
  return out;
}
