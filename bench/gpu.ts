// What a GPU makes of the whole: models and kernels on one device, in Node through Dawn with ONNX Runtime's browser build, beside
// the processor of the same machine. Each part stands alone: one that fails says why, and the others are still measured.

import { join } from 'node:path';
import { installDawn } from '../cli/dawn.ts';
import { diskFolder, loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { runTraining } from '../cli/runTraining.ts';
import baseLarge from '../recipes/base-large.json';
import baseSmall from '../recipes/base-small.json';
import { createCpuBackend } from '../src/backend/cpu.ts';
import { findDevice } from '../src/backend/device.ts';
import { createWebGpuBackend } from '../src/backend/webgpu.ts';
import type { PolicyTimes } from '../src/core/policyEvents.ts';
import { decode } from '../src/experiment/link.ts';
import { loadWebGpuRuntime } from '../src/models/webRuntime.ts';
import { benchDecoding, type DecodingReport } from './decoding.ts';
import { benchDials, type DialRow } from './dials.ts';
import { jaxGpt } from './jaxGpt.ts';
import { benchPasses, benchSteps, type PassCost, SHAPES, type StepCost } from './training.ts';

/** Beside the shapes that a processor is measured with, one that gives a GPU something to do. */
const WIDE = { layers: 8, width: 512, heads: 8, context: 64, vocabulary: 79 } as const;
/** About GPT-2's: where a pass costs more than asking for it. */
const GPT2 = { layers: 12, width: 768, heads: 12, context: 128 } as const;
const REWARD = '#v=1&mode=train&task=reverse&difficulty=6&problems=100&small=base-small&seed=1';
/** With rows of a pass where each does best: all of a step on a GPU, where passes cost the same whatever is in them. */
const TRAININGS = {
  'GRPO, small: 256 completions a step': {
    link: `${REWARD}&method=grpo&steps=30&evaluateEvery=30`,
    rows: { WebGPU: 256, processor: 16 },
  },
  'CoDistill-GRPO: 14 completions each of 8 prompts': {
    link: `${REWARD}&method=codistillGrpo&large=base-large&steps=10&prompts=8&group=8&evaluateEvery=10`,
    rows: { WebGPU: 128, processor: 16 },
  },
} as const;

/** jax-js calls methods of iterators, which Node has from version 22 on. */
function completeIterators(): void {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  prototype.map ??= function* map<T, U>(this: Iterable<T>, change: (value: T) => U) {
    for (const value of this) yield change(value);
  };
  prototype.filter ??= function* filter<T>(this: Iterable<T>, keep: (value: T) => boolean) {
    for (const value of this) if (keep(value)) yield value;
  };
  prototype.toArray ??= function toArray<T>(this: Iterable<T>) {
    return [...this];
  };
}

/** One training, on one of the two. */
export interface LearnedRow {
  readonly name: string;
  readonly where: 'WebGPU' | 'processor';
  readonly steps: number;
  /** Milliseconds a step, the first left out: in all, and by what was done. */
  readonly ms: number;
  readonly times: Readonly<Record<keyof PolicyTimes, number>>;
  /** Held-out accuracy of the small model before and after. */
  readonly before: number;
  readonly after: number;
}

export interface GpuReport {
  readonly adapter: string;
  readonly steps: readonly StepCost[];
  readonly passes: readonly PassCost[];
  readonly decoding?: DecodingReport;
  readonly dials: readonly DialRow[];
  readonly learned: readonly LearnedRow[];
  readonly failures: readonly string[];
}

export async function benchGpu(root: string, say: (line: string) => void): Promise<GpuReport> {
  const { device, adapter, why } = await findDevice(installDawn());
  if (!device) throw new Error(`no GPU device to measure on: ${why}`);
  completeIterators();
  say(adapter);
  const runtime = await loadWebGpuRuntime(device);
  const backend = createWebGpuBackend(device);
  const wall = () => performance.now();
  const failures: string[] = [];
  const part = async <T>(name: string, measure: () => Promise<T>): Promise<T | undefined> => {
    say(name);
    try {
      const found = await measure();
      say(JSON.stringify(found));
      return found;
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      say(failures.at(-1)!);
      return undefined;
    }
  };

  const steps: StepCost[] = [];
  for (const shape of [...SHAPES, WIDE]) {
    const measure = () => benchSteps(runtime, wall, { jax: jaxGpt, shapes: [shape] });
    steps.push(...((await part(`a step, ${shape.layers} x ${shape.width}`, measure)) ?? []));
  }
  const passes = await part('a token', () =>
    benchPasses(runtime, wall, {
      'base-small': baseSmall.architecture,
      'base-large': baseLarge.architecture,
      'as wide as GPT-2': GPT2,
    }),
  );
  const pair = { smalls: ['small-number-words-aligned'], large: 'large-tuned', problems: 4 };
  const decoding = await part('decoding', () =>
    benchDecoding({ ...pair, grid: false }, runtime, backend),
  );
  const dials = await part('dials', () => benchDials(runtime, wall, say, backend.ops));
  const places = {
    WebGPU: { runtime, backend },
    processor: { runtime: await loadNodeRuntime(), backend: createCpuBackend() },
  };
  const learned: LearnedRow[] = [];
  for (const [name, { link, rows }] of Object.entries(TRAININGS)) {
    for (const where of ['WebGPU', 'processor'] as const) {
      const row = await part(`${name}, ${where}`, () =>
        learn(name, `${link}&microBatch=${rows[where]}`, where, { ...places[where], root, say }),
      );
      if (row) learned.push(row);
    }
  }
  return {
    adapter,
    steps,
    passes: passes ?? [],
    ...(decoding && { decoding }),
    dials: dials ?? [],
    learned,
    failures,
  };
}

async function learn(
  name: string,
  link: string,
  where: LearnedRow['where'],
  {
    root,
    ...place
  }: Pick<Parameters<typeof runTraining>[0], 'runtime' | 'backend' | 'say'> & { root: string },
): Promise<LearnedRow> {
  const { experiment } = decode(link);
  const folderOf = (id: string) => diskFolder(join(root, 'public/models', id), id);
  const times = { rollout: 0, scoring: 0, backward: 0, update: 0, own: 0, evaluation: 0 };
  const accuracies: number[] = [];
  let steps = 0;
  for await (const told of runTraining({ experiment, folderOf, ...place })) {
    if (told.type !== 'policy') continue;
    const { event } = told;
    if (event.type === 'evaluated') accuracies.push(event.accuracy.small?.accuracy ?? Number.NaN);
    if (event.type !== 'step') continue;
    // The first step compiles.
    if (steps++ === 0) continue;
    for (const kind of Object.keys(times) as (keyof typeof times)[])
      times[kind] += told.times[kind];
  }
  const counted = Math.max(1, steps - 1);
  for (const kind of Object.keys(times) as (keyof typeof times)[]) times[kind] /= counted;
  const { evaluation: _, ...ofAStep } = times;
  const ms = Object.values(ofAStep).reduce((sum, x) => sum + x, 0);
  return { name, where, steps, ms, times, before: accuracies[0]!, after: accuracies.at(-1)! };
}
