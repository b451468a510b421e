// What people read when a checkpoint goes wrong: each text says what was found, and what to do. These are the
// texts themselves; whoever changes one reads it here once more.
import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { largerVocabulary, swappedVocabulary } from '../../test/support/brokenCheckpoints.ts';
import { toFailure, UserError } from '../core/errors.ts';
import { builtinFolder } from './builtin.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { type CheckpointFolder, httpFolder, missingFile } from './folder.ts';
import { manifest } from './manifest.ts';
import { checkOnnx } from './onnxFile.ts';
import type { OrtRuntime } from './runtime.ts';
import { checkShared } from './vocabulary.ts';

const model = Uint8Array.from(readFileSync('test/fixtures/torch-small/onnx/model.onnx'));
const large = Uint8Array.from(readFileSync('public/models/base-large/onnx/model.onnx'));
const tokenizer = readFileSync('test/fixtures/torch-small/tokenizer.json', 'utf8');
const bytesOf = (text: string) => new TextEncoder().encode(text);
let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});

/** torch-small with some files replaced; undefined takes one away. */
function changed(
  changes: Readonly<Record<string, Uint8Array | string | undefined>>,
): CheckpointFolder {
  const real = diskFolder('test/fixtures/torch-small');
  return {
    name: 'mine',
    async read(path) {
      if (!Object.hasOwn(changes, path)) return real.read(path);
      const file = changes[path];
      if (file === undefined) throw missingFile('mine', path, 'the server answered 404');
      return typeof file === 'string' ? bytesOf(file) : file;
    },
  };
}

async function failure(
  work: () => unknown,
): Promise<{ code: string; says: string; details?: string }> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, remedy, details } = toFailure(error);
    return { code, says: `${message} ${remedy}`, ...(details === undefined ? {} : { details }) };
  }
  throw new Error('nothing went wrong');
}
const failureOf = (changes: Parameters<typeof changed>[0]) =>
  failure(async () => (await loadCheckpoint(changed(changes), runtime)).release());

/** The model as a value, changed, as a file. */
function edited(change: (proto: ModelProto, graph: NonNullable<ModelProto['graph']>) => void) {
  const proto = fromBinary(ModelProtoSchema, model);
  if (!proto.graph) throw new Error('no graph');
  change(proto, proto.graph);
  return toBinary(ModelProtoSchema, proto);
}

describe('a file that is not an ONNX model is called what it is', () => {
  const safetensors = new Uint8Array(40);
  safetensors[0] = 20;
  safetensors.set(bytesOf('{"w":{"dtype":"F32"}'), 8);
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'is empty. Download it again.'],
    [
      'an LFS pointer',
      bytesOf('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3427464\n'),
      'is a Git LFS pointer, not the file itself. Run "git lfs pull" in the checkpoint’s folder, or download the file from its web page.',
    ],
    [
      'a web page',
      bytesOf('<!DOCTYPE html>\n<html><head></head></html>'),
      'is a web page. Use the download link of the file instead of the address of its page.',
    ],
    [
      'a tokenizer',
      bytesOf(tokenizer),
      'is a tokenizer.json. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'a configuration',
      bytesOf('{ "model_type": "gpt2" }'),
      'is a JSON file. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'safetensors',
      safetensors,
      'is a safetensors file, which holds weights but no graph. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'GGUF',
      bytesOf('GGUF\x03\x00\x00\x00'),
      'is a GGUF file (llama.cpp). Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'a zip or a PyTorch file',
      bytesOf('PK\x03\x04\x14\x00'),
      'is a zip archive (or a PyTorch checkpoint, which is one inside). Unpack it first. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'a pickle',
      Uint8Array.of(0x80, 2, 0x7d, 0x71, 0),
      'is a Python pickle, which can run code when it is opened. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'zeros',
      new Uint8Array(5000),
      'is not an ONNX model. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'text',
      bytesOf('readme: this model was trained on nothing'),
      'is not an ONNX model. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
    [
      'a picture',
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0),
      'is not an ONNX model. Use the ONNX export of the model, usually onnx/model.onnx.',
    ],
  ])('%s', async (_, bytes, text) => {
    expect(await failure(() => checkOnnx(bytes, 'mine/onnx/model.onnx'))).toEqual({
      code: 'onnx',
      says: `Expected an ONNX model, but mine/onnx/model.onnx ${text}`,
    });
  });

  it('the same when it comes as a checkpoint', async () => {
    const { says } = await failureOf({ 'onnx/model.onnx': tokenizer });
    expect(says).toMatch('but mine/onnx/model.onnx is a tokenizer.json.');
  });
});

describe('a damaged ONNX file', () => {
  it('cut off anywhere is called cut off, at once', async () => {
    for (const share of [0.0001, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999999]) {
      const size = Math.max(20, Math.floor(large.length * share));
      const begin = performance.now();
      const { code, says } = await failure(() => checkOnnx(large.subarray(0, size), 'm.onnx'));
      expect(performance.now() - begin).toBeLessThan(250);
      expect(code).toBe('onnx');
      expect(says).toMatch(
        /^m\.onnx is cut off: it has [\d,]+ bytes, and (its own header promises at least 15,07\d,\d{3}|ends before its operator sets)\. Download it again, completely\.$/,
      );
    }
    expect(() => checkOnnx(large, 'm.onnx')).not.toThrow();
  });

  it('without a graph', async () => {
    const empty = toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n }));
    expect(await failure(() => checkOnnx(empty, 'm.onnx'))).toEqual({
      code: 'onnx',
      says: 'm.onnx has the form of an ONNX file but holds no graph. Export the model again.',
    });
  });

  it('that ONNX Runtime refuses keeps the reason in the details', async () => {
    const unknown = edited((_, graph) => {
      graph.node.push(
        create(NodeProtoSchema, { opType: 'Levitate', input: ['logits'], output: ['up'] }),
      );
    });
    const { code, says, details } = await failureOf({ 'onnx/model.onnx': unknown });
    expect(code).toBe('onnx');
    expect(says).toBe(
      'ONNX Runtime could not load mine/onnx/model.onnx for wasm. The details name the operator or number type; a plain float32 export runs everywhere.',
    );
    expect(details).toContain('Levitate');
  });
});

describe('a model that is not a decoder with cache', () => {
  const rename = (from: string, to: string) =>
    edited((_, graph) => {
      for (const value of [...graph.input, ...graph.output])
        if (value.name === from) value.name = to;
      for (const node of graph.node) {
        node.input = node.input.map((name) => (name === from ? to : name));
        node.output = node.output.map((name) => (name === from ? to : name));
      }
    });
  it.each<[string, Uint8Array, string]>([
    [
      'other input names',
      rename('input_ids', 'tokens'),
      'mine: the model has no input input_ids; it has tokens, attention_mask, position_ids, past_key_values.0.key, past_key_values.0.value, past_key_values.1.key, past_key_values.1.value. Export it as a decoder with cache, for instance with optimum: --task text-generation-with-past.',
    ],
    [
      'other output names',
      rename('logits', 'scores'),
      'mine: the model has no output logits; it has scores, present.0.key, present.0.value, present.1.key, present.1.value. Export it as a decoder with cache, for instance with optimum: --task text-generation-with-past.',
    ],
    [
      'a past without a present',
      rename('present.1.value', 'now.1.value'),
      'mine: past_key_values.1.value goes in, but no output present.1.value comes out. Export it as a decoder with cache, for instance with optimum: --task text-generation-with-past.',
    ],
    [
      'an input of its own',
      rename('position_ids', 'block_table'),
      'mine: the model has an input that is not understood: block_table. Export it as a decoder with cache, for instance with optimum: --task text-generation-with-past.',
    ],
    [
      'shapes that do not go together',
      edited((_, graph) => {
        graph.output.push(create(ValueInfoProtoSchema, { name: 'squeezed' }));
        graph.node.push(
          create(NodeProtoSchema, {
            opType: 'Squeeze',
            input: ['attention_mask', 'axes'],
            output: ['squeezed'],
          }),
        );
        graph.initializer.push(
          create(TensorProtoSchema, {
            name: 'axes',
            dims: [1n],
            dataType: TensorProto_DataType.INT64,
            int64Data: [1n],
          }),
        );
      }),
      'mine could be loaded, but its first forward pass failed. Its inputs or shapes are not those of a decoder with cache; the details say where.',
    ],
  ])('%s', async (_, bytes, says) => {
    expect(await failureOf({ 'onnx/model.onnx': bytes })).toMatchObject({
      code: 'checkpoint',
      says,
    });
  });
});

describe('the files beside the model', () => {
  it.each<[Record<string, string | undefined>, string, string]>([
    [
      { 'config.json': undefined },
      'checkpoint',
      'The checkpoint mine has no file config.json: the server answered 404. A checkpoint is a folder with config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx.',
    ],
    [
      { 'config.json': '{ "n_layer": 2, ' },
      'checkpoint',
      'Expected a JSON object, but mine/config.json is not valid JSON. Download it again, or repair it.',
    ],
    [
      { 'config.json': 'version https://git-lfs.github.com/spec/v1' },
      'checkpoint',
      'Expected a JSON object, but mine/config.json is a Git LFS pointer, not the file itself. Run "git lfs pull" in the checkpoint’s folder, or download the file from its web page.',
    ],
    [
      { 'config.json': '{}' },
      'checkpoint',
      'mine/config.json does not say how many tokens the model can read. Add one of max_position_embeddings, n_positions, n_ctx, max_seq_len, max_sequence_length, seq_length.',
    ],
    [
      { 'tokenizer.json': '{}' },
      'tokenizer',
      'mine/tokenizer.json is JSON, but not a tokenizer: it has no model. Use the tokenizer.json that belongs to the model (a “fast” tokenizer).',
    ],
    [
      { 'tokenizer.json': '{"model":{"type":"Magic"},"added_tokens":[]}' },
      'tokenizer',
      'mine/tokenizer.json is no whole tokenizer: its model is of the kind "Magic". Use the tokenizer.json that belongs to the model (a “fast” tokenizer); BPE, Unigram, WordPiece and WordLevel are understood.',
    ],
    [
      { 'tokenizer.json': largerVocabulary(tokenizer, 500) },
      'tokenizer',
      'The tokenizer of mine does not fit its model: it has 579 tokens, the model 79. Use the tokenizer.json that came with this model.',
    ],
  ])('%o', async (files, code, says) => {
    expect(await failureOf(files)).toMatchObject({ code, says });
  });

  it('an unknown name', async () => {
    expect(await failure(() => builtinFolder('base-huge', 'http://localhost/'))).toEqual({
      code: 'checkpoint',
      says: `There is no checkpoint named base-huge. Choose one of ${Object.keys(manifest).join(', ')}.`,
    });
    expect((await failure(() => builtinFolder('toString', 'http://localhost/'))).code).toBe(
      'checkpoint',
    );
  });
});

describe('two models with different vocabularies', () => {
  it('are told how they differ', async () => {
    const load = (json: string) => loadCheckpoint(changed({ 'tokenizer.json': json }), runtime);
    const [a, b] = [await load(tokenizer), await load(swappedVocabulary(tokenizer))];
    const [small, other] = [
      { ...a, name: 'small' },
      { ...b, name: 'other' },
    ];
    expect(await failure(() => checkShared(small, other))).toEqual({
      code: 'vocabulary',
      says: 'small (79 tokens) and other (79 tokens) do not share a vocabulary: 2 of 79 entries differ; token 5 is "a" in small and "b" in other. Choose two checkpoints of one family, which were trained with the same tokenizer.',
    });
    expect(() => checkShared(small, small)).not.toThrow();
    await a.release();
    await b.release();
  });
});

describe('a download', () => {
  afterEach(() => vi.unstubAllGlobals());
  const folder = httpFolder('mine', 'http://localhost/app/models/mine/', { 'a.bin': 9 });
  const answer = (make: () => Response | Promise<Response>) =>
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => make()),
    );

  it('asks below the folder and tells how far it is', async () => {
    answer(() => new Response('0123456789', { headers: { 'content-length': '10' } }));
    const seen: [number, number | undefined][] = [];
    const bytes = await folder.read('onnx/model.onnx', (loaded, total) =>
      seen.push([loaded, total]),
    );
    expect(new TextDecoder().decode(bytes)).toBe('0123456789');
    expect(seen).toEqual([
      [0, 10],
      [10, 10],
    ]);
    const [url] = vi.mocked(fetch).mock.calls[0] ?? [];
    expect(String(url)).toBe('http://localhost/app/models/mine/onnx/model.onnx');
  });

  it('takes the known size where the server names none, and is not misled by it', async () => {
    answer(
      () =>
        new Response('0123456789', {
          headers: { 'content-encoding': 'gzip', 'content-length': '3' },
        }),
    );
    const seen: [number, number | undefined][] = [];
    expect((await folder.read('a.bin', (loaded, total) => seen.push([loaded, total]))).length).toBe(
      10,
    );
    expect(seen).toEqual([
      [0, 9],
      [10, 10],
    ]);
  });

  it.each<[string, () => Response | Promise<Response>, string]>([
    [
      'not there',
      () => new Response('no', { status: 404 }),
      'The checkpoint mine has no file a.bin: the server answered 404. A checkpoint is a folder with config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx.',
    ],
    [
      'a page in its place',
      () => new Response('<!doctype html><title>Tandem</title>'),
      'The checkpoint mine has no file a.bin: the server answered with a web page. A checkpoint is a folder with config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx.',
    ],
    [
      'a server in trouble',
      () => new Response('', { status: 503 }),
      'The server answered 503 when asked for mine/a.bin. Try again later; if it stays so, tell whoever runs this site.',
    ],
    [
      'no network',
      () => Promise.reject(new TypeError('Failed to fetch')),
      'The download of mine/a.bin was interrupted. Check the network connection and run again.',
    ],
    [
      'a connection that breaks',
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              controller.error(new TypeError('network error'));
            },
          }),
        ),
      'The download of mine/a.bin was interrupted. Check the network connection and run again.',
    ],
  ])('%s', async (_, make, says) => {
    answer(make);
    expect(await failure(() => folder.read('a.bin'))).toMatchObject({ code: 'checkpoint', says });
  });

  it('that is given up is not a failure', async () => {
    answer(() => Promise.reject(new DOMException('stopped', 'AbortError')));
    await expect(folder.read('a.bin')).rejects.toMatchObject({ name: 'AbortError' });
  });
});
