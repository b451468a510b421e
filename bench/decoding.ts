// Decoding, measured in a browser on the wasm provider: each small model alone, the large one alone, and BiLD
// with each small model over a grid of thresholds, on the same problems in the same run. For each problem the contenders take
// turns in a rotating order, so that what the machine does meanwhile hits all of them alike.

import { algorithms } from '../src/algorithms/index.ts';
import { createCpuBackend } from '../src/backend/cpu.ts';
import type { AnyAlgorithm } from '../src/core/algorithm.ts';
import type { ParamValue } from '../src/core/params.ts';
import { defaultExperiment } from '../src/experiment/experiment.ts';
import { httpFolder } from '../src/models/folder.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import { loadWasmRuntime } from '../src/models/webRuntime.ts';
import { tasks } from '../src/tasks/index.ts';
import { furnish, loadCheckpoints } from '../src/worker/furnish.ts';
import { generateQuietly } from '../src/worker/generation.ts';
import { createLibrary } from '../src/worker/library.ts';
import { FALLBACKS, ROLLBACKS } from './grid.ts';

export interface DecodingOptions {
  readonly problems: number;
  /** all of the grid instead of the default thresholds only. */
  readonly grid: boolean;
  readonly large: string;
  /** One or more, for instance before and after alignment (METHODS 3.4). */
  readonly smalls: readonly string[];
  /** Folder of all checkpoints, relative to the page. */
  readonly folder?: string;
}

/** One contender over all problems. */
export interface Contestant {
  readonly name: 'small' | 'large' | 'bild';
  /** The small checkpoint, where one takes part. */
  readonly small?: string;
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
  readonly large: string;
  readonly problems: number;
  readonly seed: number;
  readonly maxDraft: number;
  readonly contestants: readonly Contestant[];
}

const SEED = 2;

/** @param runtime wasm unless another is given, with the kernels to it */
export async function benchDecoding(
  options: DecodingOptions,
  runtime?: OrtRuntime,
  backend = createCpuBackend(),
): Promise<DecodingReport> {
  const { problems, grid, large, smalls, folder = 'models' } = options;
  const base = new URL(`/${folder}/`, location.href).href;
  runtime ??= await loadWasmRuntime();
  const library = createLibrary(1 + smalls.length);
  const furnished = async (small: string) => {
    const checkpoints = await loadCheckpoints({
      experiment: { small, large },
      roles: ['small', 'large'],
      runtime,
      folderOf: (id) => httpFolder(id, new URL(`${id}/`, base).href),
      library,
    });
    return { small, room: furnish(checkpoints, backend) };
  };
  const rooms: Awaited<ReturnType<typeof furnished>>[] = [];
  for (const small of smalls) rooms.push(await furnished(small));
  const [first] = rooms;
  if (!first) throw new Error('no small model');
  const known: Readonly<Record<string, AnyAlgorithm>> = algorithms;
  const { maxDraft } = algorithms.bild.params;
  const points = grid
    ? FALLBACKS.flatMap((fallbackThreshold) =>
        ROLLBACKS.map((rollbackThreshold) => ({ fallbackThreshold, rollbackThreshold })),
      )
    : [{ fallbackThreshold: 0.6, rollbackThreshold: 2 }];
  const alone = (model: 'small' | 'large') => ({
    name: model,
    method: 'greedy',
    params: { model },
  });
  const contenders = [
    { ...alone('large'), room: first.room },
    ...rooms.flatMap(({ small, room }) => [
      { ...alone('small'), small, room },
      ...points.map((point) => ({
        name: 'bild' as const,
        method: 'bild',
        params: { ...point, maxDraft: maxDraft.default },
        small,
        room,
      })),
    ]),
  ].map((contender) => ({
    ...contender,
    algorithm: known[contender.method] as AnyAlgorithm,
    sums: { right: 0, tokens: 0, ms: 0, smallPasses: 0, largePasses: 0, drafted: 0, rolledBack: 0 },
  }));

  const task = tasks[defaultExperiment.task];
  // The first round is not counted: it warms up what the runtime keeps per shape.
  for (let index = -1; index < problems; index++) {
    const problem = task.problem(SEED, Math.max(index, 0), defaultExperiment.difficulty);
    const prompt = first.room.tokenizer.encode(problem.prompt);
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + Math.max(index, 0)) % contenders.length];
      if (!contender) continue;
      const { algorithm, params, sums, room } = contender;
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
    large,
    problems,
    seed: SEED,
    maxDraft: maxDraft.default,
    contestants: contenders.map(({ algorithm: _, method: __, room: ___, sums, ...contender }) => ({
      ...contender,
      ...sums,
    })),
  };
}
