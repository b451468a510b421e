// Every family and form of decoder in the methods, on the runtime that the command line uses: with the same checkpoint in
// every part, what each method must write is known without running it.

import { expect, test } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { CONTEXT, type Family, families, familyBytes } from '../../test/families/index.ts';
import { folderOf } from '../../test/support/ownCheckpoint.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { ROLES } from '../core/roles.ts';
import { methods } from '../experiment/catalogue.ts';
import {
  type Contender,
  type DecodingId,
  defaultExperiment,
  type Experiment,
} from '../experiment/experiment.ts';
import { loadCheckpoint } from '../models/checkpoint.ts';
import { clear, furnish } from './furnish.ts';
import { runExperiment } from './runExperiment.ts';

const contender = (
  label: string,
  method: DecodingId,
  params: Readonly<Record<string, ParamValue>>,
): Contender => ({ label, method, params: { ...defaultsOf(methods[method].params), ...params } });

const drawn = { temperature: 1, topK: 0 };
/** Small alone and large alone come before them. */
const contenders = [
  // Every draft is five tokens of the model that then judges them.
  contender('BiLD', 'bild', { fallbackThreshold: 0, maxDraft: 5 }),
  contender('sampling', 'sample', { model: 'large', ...drawn }),
  // Expert and anti-expert are one model: whatever the strength, nothing is added.
  contender('fusion', 'proxyTuning', drawn),
  contender('dynamic fusion', 'dynamicFusion', drawn),
  // One beam with one successor leaves nothing to choose.
  contender('search', 'weakToStrong', { ...drawn, beams: 1, successors: 1, chunkLength: 4 }),
];
const experiment: Experiment = {
  ...defaultExperiment,
  mode: 'evaluate',
  contenders,
  task: 'addition',
  difficulty: 1,
  problems: 2,
  maxTokens: 16,
  seed: 5,
};
type Answer = Extract<RunEvent, { readonly type: 'answer' }>;

test.each(families)('%s: BiLD, fusion and search write what they must', async (family: Family) => {
  const runtime = await loadNodeRuntime();
  const checkpoint = await loadCheckpoint(folderOf(familyBytes(family), CONTEXT), runtime);
  const room = furnish(
    Object.fromEntries(ROLES.map((role) => [role, checkpoint])),
    createCpuBackend(),
  );
  const answers: Answer[] = [];
  try {
    for await (const event of runExperiment(experiment, room)) {
      if (event.type === 'answer') answers.push(event);
      else expect(event).toEqual({ type: 'completed' });
    }
  } finally {
    clear(room);
    await checkpoint.release();
  }
  const of = (number: number) => answers.filter((one) => one.contender === number);
  const texts = (number: number) =>
    [...of(number)].sort((a, b) => a.index - b.index).map(({ text }) => text);
  const [small, large, bild, sampling, fusion, dynamic, search] = [0, 1, 2, 3, 4, 5, 6].map(texts);
  expect(large).toHaveLength(experiment.problems);
  expect(small).toEqual(large);
  expect(bild).toEqual(large);
  expect(of(2).every(({ stats }) => stats.drafted > 0 && stats.accepted > 0)).toBe(true);
  expect(sampling).not.toEqual(large);
  expect(fusion).toEqual(sampling);
  expect(dynamic).toEqual(sampling);
  expect(search).toEqual(sampling);
});
