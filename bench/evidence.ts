// What steering and searching with small models is worth on the built-in family: the same problems for the large model
// as it is, for the method, and for the large model that was tuned. In Node; the same runs as the page's Evaluate.
import { join } from 'node:path';
import { diskFolder, loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { createCpuBackend } from '../src/backend/cpu.ts';
import type { RunEvent } from '../src/core/events.ts';
import { meanInterval } from '../src/core/meanInterval.ts';
import { defaultsOf, type ParamValue } from '../src/core/params.ts';
import { wilson } from '../src/core/wilson.ts';
import { defaultCast } from '../src/experiment/cast.ts';
import { methods, taskList } from '../src/experiment/catalogue.ts';
import {
  type Contender,
  type DecodingId,
  defaultExperiment,
  type Experiment,
} from '../src/experiment/experiment.ts';
import { encode } from '../src/experiment/link.ts';
import type { TaskId } from '../src/tasks/index.ts';
import { furnish, loadCheckpoints } from '../src/worker/furnish.ts';
import { createLibrary } from '../src/worker/library.ts';
import { rolesNeeded, rolesWithOwnVocabulary } from '../src/worker/roles.ts';
import { runExperiment } from '../src/worker/runExperiment.ts';

export interface Evidence {
  readonly task: TaskId;
  readonly name: string;
  readonly problems: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Milliseconds per problem. */
  readonly ms: number;
  /** The experiment, as a link. */
  readonly link: string;
}

const SEED = 7;

const contender = (
  label: string,
  method: DecodingId,
  params: Readonly<Record<string, ParamValue>> = {},
): Contender => ({ label, method, params: { ...defaultsOf(methods[method].params), ...params } });

const FUSED: readonly Contender[] = [
  contender('dynamic fusion, one expert, solved exactly', 'dynamicFusion', { solver: 'refined' }),
  contender('dynamic fusion, one expert, grid', 'dynamicFusion', { solver: 'grid' }),
  contender('dynamic fusion, three experts', 'dynamicFusion', { solver: 'refined', experts: 3 }),
  contender('proxy-tuning, strength 1', 'proxyTuning', { alpha: 1 }),
];
/** The same number of texts for the three of them. */
const SEARCHED: readonly Contender[] = [
  contender('sampling, temperature 0.7', 'sample', { model: 'large', temperature: 0.7, topK: 50 }),
  contender('best of 16', 'bestOfN', { samples: 16 }),
  contender('search, W = K = 4, chunks of 5', 'weakToStrong', {
    beams: 4,
    successors: 4,
    chunkLength: 5,
  }),
];
const TASKS: readonly [TaskId, readonly Contender[]][] = [
  ['addition', FUSED],
  ['sortNumbers', FUSED],
  ['reverse', FUSED],
  ['reviews', SEARCHED],
];

export async function gatherEvidence(
  root: string,
  problems: number,
  say: (line: string) => void,
): Promise<Evidence[]> {
  const runtime = await loadNodeRuntime();
  const library = createLibrary();
  const folderOf = (id: string) => diskFolder(join(root, 'public/models', id), id);
  const found: Evidence[] = [];
  for (const [task, contenders] of TASKS) {
    const usual: Experiment = {
      ...defaultExperiment,
      mode: 'evaluate',
      task,
      difficulty: taskList[task].difficulty.default,
      problems,
      seed: SEED,
      maxTokens: task === 'reviews' ? 120 : 60,
      ...defaultCast(contenders[0]!.method === 'sample' ? 'weakToStrong' : 'dynamicFusion', task),
    };
    // Beside the contenders both models as they are; then the expert and the tuned large one, each alone.
    const tuned = { ...usual, contenders: [], small: usual.expert, large: 'large-tuned' };
    for (const experiment of [{ ...usual, contenders }, tuned]) {
      const loaded = await loadCheckpoints({
        experiment,
        roles: rolesNeeded(experiment),
        runtime,
        folderOf,
        library,
      });
      const room = furnish(loaded, createCpuBackend(), rolesWithOwnVocabulary(experiment));
      const answers: Extract<RunEvent, { type: 'answer' }>[] = [];
      for await (const event of runExperiment(experiment, room)) {
        if (event.type === 'withdrawn') throw new Error(event.failure.message);
        if (event.type === 'answer') answers.push(event);
      }
      const names = [
        `${experiment.small} alone, greedy`,
        `${experiment.large} alone, greedy`,
        ...experiment.contenders.map(({ label }) => label),
      ];
      for (const [at, name] of names.entries()) {
        const own = answers.filter(({ contender: one }) => one === at);
        const rewards = own.map(({ reward }) => reward);
        const right = rewards.filter((reward) => reward === 1).length;
        const { mean, low, high } = taskList[task].verifiable
          ? { mean: right / own.length, ...wilson(right, own.length) }
          : meanInterval(rewards);
        const ms = own.reduce((sum, { stats }) => sum + stats.ms, 0) / own.length;
        found.push({
          task,
          name,
          problems: own.length,
          mean,
          low,
          high,
          ms,
          link: encode(experiment),
        });
        say(
          `${task}: ${name}: ${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), ${ms.toFixed(0)} ms`,
        );
      }
    }
  }
  await library.drop(() => true);
  return found;
}

export function evidenceReport(found: readonly Evidence[], where: string): string {
  const [first] = found;
  if (!first) throw new Error('nothing was found');
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const sections = [...new Set(found.map(({ task }) => task))].flatMap((task) => {
    const rows = found.filter((one) => one.task === task);
    const links = [...new Set(rows.map(({ link }) => link))];
    const { title, verifiable, difficulty } = taskList[task];
    return [
      `## ${title} (difficulty ${difficulty.default})`,
      '',
      `| who writes | ${verifiable ? 'right' : 'mean reward'} | 95 % interval | ms per problem |`,
      '|---|---|---|---|',
      ...rows.map(
        ({ name, mean, low, high, ms }) =>
          `| ${name} | ${share(mean)} | ${share(Math.max(0, low))} to ${share(Math.min(1, high))} | ${ms.toFixed(0)} |`,
      ),
      '',
      ...links.map((link) => `<details><summary>Link</summary>\n\n\`${link}\`\n\n</details>\n`),
    ];
  });
  return [
    '# Steering and searching with small models',
    '',
    `${first.problems} problems of each task (seed ${SEED}), answered by all in turns; Node, onnxruntime-node, one thread,`,
    `${where}. base-large was stopped mid-way through all tasks; the experts were trained on one task each.`,
    'Intervals: Wilson for shares of right answers, Student’s t for rewards. Times are of a machine that others used as',
    'well: compare them within a table only.',
    '',
    'The expert alone is as good on its task as what it steers: the tables show that what a small model has learned reaches a',
    'large one that has not learned it, not that steering is better than the expert. Three experts are the task’s and two of',
    'other tasks, each asking for its own distance: one step along one of them then cannot satisfy all.',
    '',
    ...sections,
    `Reproduce: \`npm run bench -- evidence --problems=${first.problems}\``,
    '',
  ].join('\n');
}
