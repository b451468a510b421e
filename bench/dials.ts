// From a turned dial to the new distribution of the next token: the built-in small model, and one of a hundred million
// parameters that is made here. Every turn is another one, so nothing can be known from before.

import { createCpuBackend } from '../src/backend/cpu.ts';
import type { Edit, Target } from '../src/core/dials.ts';
import type { Ops } from '../src/core/ops.ts';
import { type Architecture, decoderGraph } from '../src/models/decoderGraph.ts';
import { type CheckpointFolder, httpFolder, memoryFolder } from '../src/models/folder.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import { writeModel } from '../src/onnx/model.ts';
import { modelFrom } from '../src/onnx/proto.ts';
import { createWorkshop } from '../src/worker/workshop.ts';
import type { Clock } from './turns.ts';

const PROMPT = 'say 9095611: ';
/** 14 layers of 12 d² + 13 d, and embeddings. */
const LARGE: Architecture = { layers: 14, width: 768, heads: 12, context: 128, vocabulary: 79 };

export interface DialRow {
  readonly model: string;
  readonly parameters: number;
  readonly target: string;
  readonly touched: number;
  /** Medians over the turns, milliseconds on the wall and of computing. */
  readonly wall: number;
  readonly computed: number;
  readonly turns: number;
}

export async function benchDials(
  runtime: OrtRuntime,
  clock: Clock,
  say: (text: string) => void = () => {},
  ops = createCpuBackend().ops,
): Promise<readonly DialRow[]> {
  const small = httpFolder('base-small', new URL('/models/base-small/', location.href).href);
  const rows = await turns('base-small', small, runtime, ops, clock, 20);
  say('the small one is measured; a hundred million parameters are being made');
  const large = await madeFolder();
  return [...rows, ...(await turns('made here', large, runtime, ops, clock, 5))];
}

async function madeFolder(): Promise<CheckpointFolder> {
  const files = new Map<string, Uint8Array>();
  const tokenizer = httpFolder('tokenizer', new URL('/recipes/tokenizer/', location.href).href);
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    files.set(file, await tokenizer.read(file));
  }
  const config = { n_positions: LARGE.context, n_head: LARGE.heads, eos_token_id: 2 };
  files.set('config.json', new TextEncoder().encode(JSON.stringify(config)));
  files.set('onnx/model.onnx', writeModel(modelFrom(decoderGraph(LARGE, 1))));
  return memoryFolder('made', files);
}

async function turns(
  model: string,
  folder: CheckpointFolder,
  runtime: OrtRuntime,
  ops: Ops,
  clock: Clock,
  count: number,
): Promise<readonly DialRow[]> {
  const workshop = createWorkshop();
  const tools = {
    folderOf: async () => folder,
    runtime: async () => runtime,
    ops: () => ops,
    progress: () => {},
  };
  const next = async (edits: readonly Edit[]) => {
    const plan = { bits: 32, edits, seed: 1 } as const;
    const asked = {
      checkpoint: folder.name,
      provider: runtime.provider,
      kernels: 'auto',
      plan,
    } as const;
    const question = { what: 'next', prompt: PROMPT, temperature: 1, topP: 1 } as const;
    const told = await workshop.answer(asked, question, tools);
    if (told.what !== 'next') throw new Error(`told of ${told.what}`);
    return told;
  };
  const anatomy = await workshop.answer(
    {
      checkpoint: folder.name,
      provider: runtime.provider,
      kernels: 'auto',
      plan: { bits: 32, edits: [], seed: 1 },
    },
    { what: 'anatomy' },
    tools,
  );
  const parameters = anatomy.what === 'anatomy' ? anatomy.anatomy.parameters : 0;
  const targets: readonly (readonly [string, Target])[] = [
    ['one weight', { kind: 'weight', tensor: 'h.1.mlp.c_fc.weight', index: 1234 }],
    ['a row', { kind: 'row', tensor: 'h.0.attn.c_attn.weight', index: 3 }],
    ['a head', { kind: 'head', layer: 0, index: 1 }],
    ['a neuron', { kind: 'neuron', layer: 1, index: 17 }],
    ['a layer', { kind: 'layer', layer: 1 }],
  ];
  const rows: DialRow[] = [];
  for (const [name, target] of targets) {
    const turn = (amount: number): Edit => ({ role: 'small', target, action: 'scale', amount });
    // The first turn makes a copy of what it touches, and sessions.
    let { touched } = await next([turn(0.9)]);
    const walls: number[] = [];
    const before = await clock();
    for (let i = 0; i < count; i++) {
      const begun = performance.now();
      ({ touched } = await next([turn(0.5 + i / count)]));
      walls.push(performance.now() - begun);
    }
    const computed = ((await clock()) - before) / count;
    const wall = walls.sort((a, b) => a - b)[walls.length >> 1]!;
    rows.push({ model, parameters, target: name, touched, wall, computed, turns: count });
  }
  await workshop.rest();
  return rows;
}
