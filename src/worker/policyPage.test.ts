// Training by reward as the page sees it, with real small decoders in Node: what is drawn is what happened, also after
// the run was exported and read again, and what is wrong with a file of problems is said by line.

import { beforeAll, describe, expect, test } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { talkTo } from '../../test/support/talkTo.ts';
import { trainers } from '../algorithms/index.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { recordOf } from '../state/afterRun.ts';
import { shownSteps } from '../state/completions.ts';
import { accuracyCurves, metricCurves } from '../state/curves.ts';
import { runOf } from '../state/keptRuns.ts';
import { differences, groupResults, groupsOf } from '../state/overlay.ts';
import { POLICY_ROLES, policy } from '../state/policy.ts';
import { newRun, type Run } from '../state/run.ts';
import { readRuns, writeRun } from '../store/runFile.ts';
import type { FromWorker } from './protocol.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});

type Method = 'grpo' | 'codistillGrpo';
const SMALL = { steps: 2, prompts: 2, group: 3, completion: 12, evaluateEvery: 1 };
/** Both models small, so that it is quick. */
const asked = (method: Method, others: Partial<Experiment> = {}): Experiment => ({
  ...defaultExperiment,
  mode: 'train',
  method,
  params: {
    ...defaultsOf(trainers[method].params),
    ...SMALL,
    ...(method === 'codistillGrpo' && { samples: 4 }),
  },
  small: 'base-small',
  large: 'small-number-words',
  difficulty: 2,
  problems: 4,
  ...others,
});

async function made(experiment: Experiment): Promise<Run> {
  const { start, until, ended, events } = talkTo(runtime);
  start(1, experiment);
  await until(() => ended(1));
  const uses = { provider: 'wasm', kernels: 'cpu' } as const;
  return { ...newRun(1, experiment, false), status: 'completed', uses, events: events(1) };
}

const policyEvents = (events: readonly RunEvent[]) =>
  events.flatMap((one) => (one.type === 'policy' ? [one] : []));

describe('two policies', () => {
  let run: Run;
  beforeAll(async () => {
    run = await made(asked('codistillGrpo'));
  });

  test('a point per step, and an evaluation before the first and after each', () => {
    const state = policy(run);
    expect(run.events.at(-1)?.type).toBe('completed');
    expect(state.points.map(({ step }) => step)).toEqual([1, 2]);
    expect(state.evaluations.map(({ step }) => step)).toEqual([0, 1, 2]);
    expect(state.learners).toEqual(['small', 'large']);
    expect(Object.keys(state.checkpoints)).toEqual(['small', 'large']);
    const all = policyEvents(run.events).reduce((sum, { ms }) => sum + ms, 0);
    const parts = Object.values(state.times).reduce((sum, one) => sum + one, 0);
    expect(Math.abs(all - parts)).toBeLessThan(1e-6 * Math.max(1, all));
    // Only the small one writes.
    expect(state.generated.small).toBeGreaterThan(0);
    expect(state.generated.large ?? 0).toBe(0);
  });

  test('the loss is near 0 at the first step, and the share without gradient is one', () => {
    const [first] = policy(run).points;
    expect(Math.abs(first?.metrics.small?.loss ?? Number.NaN)).toBeLessThan(1);
    const lost = metricCurves(policy(run), 'clip_ratio/region_mean').rows[0]?.largeRaw;
    expect(Number(lost) >= 0 && Number(lost) <= 1).toBe(true);
  });

  test('of each prompt G of the M completions were kept, with a log-ratio for each token', () => {
    const steps = shownSteps(run);
    expect(steps.map(({ step }) => step)).toEqual([1, 2]);
    for (const { groups } of steps) {
      for (const { completions } of groups) {
        expect(completions).toHaveLength(4);
        expect(completions.filter(({ kept }) => kept)).toHaveLength(3);
        for (const { tokens, texts, logRatios } of completions) {
          expect(texts).toHaveLength(tokens.length);
          expect(logRatios).toHaveLength(tokens.length);
        }
      }
    }
  });

  test('exported and read again, it has the same charts', async () => {
    const record = recordOf(run, '', 'test');
    const [read] = await readRuns(writeRun(record!), 'a file');
    const again = runOf(read!, 2);
    expect(encode(again.experiment)).toBe(encode(run.experiment));
    expect(policy(again)).toEqual(policy(run));
    expect(accuracyCurves(policy(again))).toEqual(accuracyCurves(policy(run)));
    expect(shownSteps(again)).toEqual(shownSteps(run));
  });

  test('beside GRPO over seeds: a group each, a difference seed by seed', async () => {
    const alone = [await made(asked('grpo')), await made(asked('grpo', { seed: 2 }))];
    const groups = groupsOf([run, ...alone]);
    expect(groups.map(({ runs }) => runs.length)).toEqual([1, 2]);
    const [together, grpo] = groupResults(groups);
    expect(Object.keys(together?.accuracy ?? {})).toEqual(['small', 'large']);
    expect(Object.keys(grpo?.accuracy ?? {})).toEqual(['small']);
    const last = (one: Run) =>
      policy(one).evaluations.at(-1)?.accuracy.small?.accuracy ?? Number.NaN;
    expect(grpo?.accuracy.small?.mean).toBeCloseTo((last(alone[0]!) + last(alone[1]!)) / 2, 12);
    expect(differences(groups)).toEqual([
      { role: 'small', mean: last(run) - last(alone[0]!), seeds: 1 },
    ]);
    for (const role of POLICY_ROLES) {
      expect(together?.generated[role]).toBe(policy(run).generated[role]);
    }
  });
});

describe('a file of problems', () => {
  const read = async (text: string, checker: 'exact' | 'numeric' | 'pattern') => {
    const { engine, said, until } = talkTo(runtime);
    engine.receive({
      type: 'readData',
      request: 7,
      checkpoint: 'base-small',
      checker,
      source: { name: 'a.jsonl', file: new Blob([text]) },
    });
    const isIt = (one: FromWorker) => 'request' in one && one.request === 7;
    const isAnswer = (one: FromWorker) => isIt(one) && one.type !== 'errand';
    await until(() => said.some(isAnswer));
    const answer = said.find(isAnswer);
    if (answer?.type !== 'dataRead') throw new Error(JSON.stringify(answer));
    return answer.report;
  };
  const good = '{"prompt": "say 7: ", "answer": "seven."}\n';

  test('what cannot be asked is named by its line, and the file is not kept', async () => {
    const text = `${good}{"prompt": "say 7: ", "completion": "seven."}\n${good}nonsense\n`;
    const report = await read(text, 'exact');
    expect(report.id).toBe('');
    expect(report.problems.map(({ line }) => line)).toEqual([2, 4]);
    expect(report.problems[0]?.what).toBe('has no "answer"');
    expect((await read(good, 'numeric')).problems[0]?.what).toContain('without a number');
    const backtracks = '{"prompt": "say 7: ", "answer": "(a)\\\\1"}\n';
    expect((await read(backtracks, 'pattern')).problems[0]?.what).toContain('cannot be read');
  });

  test('what can be asked is counted and shown', async () => {
    const report = await read(good.repeat(3), 'exact');
    expect(report.id).toMatch(/^file:[0-9a-f]{64}:a\.jsonl$/);
    expect(report).toMatchObject({ examples: 3, duplicates: 2, problemCount: 0 });
    expect(report.preview[0]).toEqual({ prompt: 'say 7: ', completion: 'seven.' });
  });
});
