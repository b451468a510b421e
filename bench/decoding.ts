// Decoding, measured in a browser on the wasm provider: the small model alone, the large one alone, and BiLD
// over a grid of thresholds, on the same problems in the same run. For each problem the contenders take
// turns in a rotating order, so that what the machine does meanwhile hits all of them alike.

import { algorithms } from '../src/algorithms/index.ts';
import { createCpuBackend } from '../src/backend/cpu.ts';
import type { AnyAlgorithm } from '../src/core/algorithm.ts';
import type { ParamValue } from '../src/core/params.ts';
import { defaultExperiment } from '../src/experiment/experiment.ts';
import { httpFolder } from '../src/models/folder.ts';
import { manifest } from '../src/models/manifest.ts';
import { loadWasmRuntime } from '../src/models/webRuntime.ts';
import { tasks } from '../src/tasks/index.ts';
import { furnish, loadCheckpoints } from '../src/worker/furnish.ts';
import { generateQuietly } from '../src/worker/generation.ts';
import { createLibrary } from '../src/worker/library.ts';
import { FALLBACKS, ROLLBACKS } from './grid.ts';

export interface DecodingOptions {
  readonly problems: number;
  /** All of the 5 x 5 grid instead of the default thresholds only. */
  readonly grid: boolean;
}

/** One contender over all problems. */
export interface Contestant {
  readonly name: string;
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly right: number;
  readonly tokens: number;
  readonly ms: number;
  readonly smallPasses: number;
  readonly largePasses: number;
  readonly drafted: number;
  readonly rolledBack: number;
}

export interface DecodingReport {
  readonly problems: number;
  readonly seed: number;
  readonly maxDraft: number;
  readonly contestants: readonly Contestant[];
}

const SEED = 2;

export async function benchDecoding({ problems, grid }: DecodingOptions): Promise<DecodingReport> {
  const base = new URL('/models/', location.href).href;
  const checkpoints = await loadCheckpoints({
    experiment: defaultExperiment,
    roles: ['small', 'large'],
    runtime: await loadWasmRuntime(),
    folderOf: (id) =>
      httpFolder(id, new URL(`${manifest[id as keyof typeof manifest].folder}/`, base).href),
    library: createLibrary(),
  });
  const room = furnish(checkpoints, createCpuBackend());
  const known: Readonly<Record<string, AnyAlgorithm>> = algorithms;
  const { maxDraft } = algorithms.bild.params;
  const points = grid
    ? FALLBACKS.flatMap((fallbackThreshold) =>
        ROLLBACKS.map((rollbackThreshold) => ({ fallbackThreshold, rollbackThreshold })),
      )
    : [{ fallbackThreshold: 0.6, rollbackThreshold: 2 }];
  const contenders = [
    { name: 'small', method: 'greedy', params: { model: 'small' } },
    { name: 'large', method: 'greedy', params: { model: 'large' } },
    ...points.map((point) => ({
      name: 'bild',
      method: 'bild',
      params: { ...point, maxDraft: maxDraft.default },
    })),
  ].map((contender) => ({
    ...contender,
    algorithm: known[contender.method] as AnyAlgorithm,
    sums: { right: 0, tokens: 0, ms: 0, smallPasses: 0, largePasses: 0, drafted: 0, rolledBack: 0 },
  }));

  const task = tasks[defaultExperiment.task];
  // The first round is not counted: it warms up what the runtime keeps per shape.
  for (let index = -1; index < problems; index++) {
    const problem = task.problem(SEED, Math.max(index, 0), defaultExperiment.difficulty);
    const prompt = room.tokenizer.encode(problem.prompt);
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + Math.max(index, 0)) % contenders.length];
      if (!contender) continue;
      const { algorithm, params, sums } = contender;
      const request = { algorithm, params, prompt, maxTokens: defaultExperiment.maxTokens };
      const answer = await generateQuietly(
        room,
        { ...request, seed: SEED, run: index },
        () => false,
      );
      if (!answer || index < 0) continue;
      const { stats } = answer;
      sums.right += task.reward(answer.text, problem);
      sums.tokens += stats.tokens;
      sums.ms += stats.ms;
      sums.smallPasses += stats.small.passes;
      sums.largePasses += stats.large.passes;
      sums.drafted += stats.drafted;
      sums.rolledBack += stats.rolledBack;
    }
  }
  return {
    problems,
    seed: SEED,
    maxDraft: maxDraft.default,
    contestants: contenders.map(({ name, params, sums }) => ({ name, params, ...sums })),
  };
}
