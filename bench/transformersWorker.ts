// transformers.js in a worker of its own, as a page would use it: tokenizer, greedy `generate` with its cache of keys and
// values, text. Its ONNX Runtime is the one that it brings, or the build that this project uses; one thread either way.

import type { PreTrainedModel, PreTrainedTokenizer, Tensor } from '@huggingface/transformers';

export type Build = 'theirs' | 'ours';
export type Message =
  | { readonly id: number; readonly type: 'start'; readonly build: Build }
  | {
      readonly id: number;
      readonly type: 'load';
      readonly name: string;
      readonly files: ReadonlyMap<string, Blob>;
    }
  | {
      readonly id: number;
      readonly type: 'answer';
      readonly models: readonly string[];
      readonly prompts: readonly string[];
      readonly maxTokens: number;
    };

/** What one model wrote after one prompt. */
export interface Written {
  readonly tokens: readonly number[];
  readonly text: string;
  /** In `generate` alone. */
  readonly ms: number;
}

interface Loaded {
  readonly tokenizer: PreTrainedTokenizer;
  readonly model: PreTrainedModel;
}

const SITE = 'https://models.invalid/';
const ORT = Symbol.for('onnxruntime');
const loaded = new Map<string, Loaded>();
const shelf = new Map<string, Blob>();
/** A runtime that it did not bring has no devices with names. */
let device: 'wasm' | 'auto' = 'auto';

async function start(build: Build): Promise<void> {
  if (build === 'ours') {
    const ort = await import('onnxruntime-web/wasm');
    const { default: wasm } = await import('onnxruntime-web/ort-wasm-simd-threaded.wasm?url');
    ort.env.wasm.wasmBinary = await (await fetch(wasm)).arrayBuffer();
    Object.assign(globalThis, { [ORT]: ort });
  }
  const { env } = await import('@huggingface/transformers');
  const { wasm } = env.backends.onnx;
  if (!wasm) throw new Error('transformers.js has no ONNX Runtime');
  wasm.numThreads = 1;
  // Beside its own script instead of a content delivery network.
  delete wasm.wasmPaths;
  if (build === 'theirs') device = 'wasm';
  env.useBrowserCache = false;
  env.useWasmCache = false;
  env.remoteHost = SITE;
  // Nothing comes from a network: every file that it may ask for was handed over.
  env.fetch = async (input) => {
    const file = shelf.get(new URL(String(input)).pathname.replace('/resolve/main/', '/').slice(1));
    return file ? new Response(file) : new Response('', { status: 404 });
  };
}

async function load(name: string, files: ReadonlyMap<string, Blob>): Promise<void> {
  for (const [path, file] of files) shelf.set(`${name}/${path}`, file);
  const { AutoModelForCausalLM, AutoTokenizer } = await import('@huggingface/transformers');
  loaded.set(name, {
    tokenizer: await AutoTokenizer.from_pretrained(name),
    model: await AutoModelForCausalLM.from_pretrained(name, {
      dtype: 'fp32',
      device,
      session_options: { executionProviders: ['wasm'] },
    }),
  });
}

async function answer(name: string, prompt: string, maxTokens: number): Promise<Written> {
  const { tokenizer, model } = loaded.get(name)!;
  const inputs = await tokenizer(prompt);
  const begun = performance.now();
  const output = (await model.generate({
    ...inputs,
    max_new_tokens: maxTokens,
    do_sample: false,
  })) as Tensor;
  const ms = performance.now() - begun;
  const tokens = Array.from(output.data as BigInt64Array, Number).slice(
    inputs.input_ids.dims.at(-1),
  );
  const text = tokenizer.decode(tokens, { skip_special_tokens: true });
  return { tokens, text, ms };
}

async function obey(message: Message): Promise<unknown> {
  if (message.type === 'start') return start(message.build);
  if (message.type === 'load') return load(message.name, message.files);
  const written: Record<string, Written[]> = {};
  for (const prompt of message.prompts) {
    for (const name of message.models) {
      const one = await answer(name, prompt, message.maxTokens);
      written[name] = [...(written[name] ?? []), one];
    }
  }
  return written;
}

self.onmessage = async ({ data }: MessageEvent<Message>) => {
  const { id } = data;
  try {
    self.postMessage({ id, value: await obey(data) });
  } catch (error) {
    self.postMessage({
      id,
      error: error instanceof Error ? (error.stack ?? error.message) : error,
    });
  }
};
