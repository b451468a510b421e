// What holds for every method that decodes, on table models: the seed decides, and nothing else does. Not the run before,
// not who answers beside it, not how many problems there are.

import { beforeAll, describe, expect, test } from 'vitest';
import { tableModel } from '../../test/support/tableModel.ts';
import { algorithms } from '../algorithms/index.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import { ROLES } from '../core/roles.ts';
import { type DecodingId, defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import type { Room } from './room.ts';
import { runExperiment } from './runExperiment.ts';

const VOCAB = 12;
const EOS = 11;
const METHODS = Object.keys(algorithms) as DecodingId[];

/** Models that resemble each other, each with a mind of its own, as the roles of a family have. */
function room(): Room {
  const model = (who: number) =>
    tableModel(
      (prefix) =>
        Array.from({ length: VOCAB }, (_, row) => {
          const step = (prefix.at(-1) ?? 0) * 13 + prefix.length;
          const draw = (run: number) => uniform({ seed: 3, run, step, row });
          return 4 * draw(0) + 3 * draw(who) - (row === EOS ? 1 : 0);
        }),
      VOCAB,
      EOS,
      200,
    );
  return {
    models: Object.fromEntries(ROLES.map((role, i) => [role, { ...model(i + 1), mostBytes: 1e9 }])),
    ops: createCpuBackend().ops,
    tokenizer: {
      encode: (text) => [...text].map((character) => character.charCodeAt(0) % 11),
      decode: (ids) => ids.filter((id) => id !== EOS).join(' '),
      piece: (id) => String(id),
    },
  };
}

/** Small, and drawn by chance wherever a method can draw. */
function paramsOf(method: DecodingId): Readonly<Record<string, ParamValue>> {
  const table: Readonly<Record<string, unknown>> = algorithms[method].params;
  const wanted = { temperature: 1, beams: 2, successors: 2, chunkLength: 3, samples: 3 };
  const own = Object.entries(wanted).filter(([key]) => key in table);
  return { ...defaultsOf(algorithms[method].params), ...Object.fromEntries(own) };
}
const draws = (method: DecodingId): boolean => 'temperature' in algorithms[method].params;

async function texts(
  asked: readonly DecodingId[],
  problems: number,
  changes: Partial<Experiment> = {},
  where = room(),
): Promise<ReadonlyMap<DecodingId, readonly string[]>> {
  const experiment: Experiment = {
    ...defaultExperiment,
    mode: 'evaluate',
    contenders: asked.map((method) => ({ label: '', method, params: paramsOf(method) })),
    problems,
    maxTokens: 16,
    ...changes,
  };
  const answers: Extract<RunEvent, { type: 'answer' }>[] = [];
  for await (const event of runExperiment(experiment, where)) {
    if (event.type === 'withdrawn') throw new Error(event.failure.message);
    if (event.type === 'answer') answers.push(event);
  }
  const of = (contender: number) =>
    answers
      .filter((one) => one.contender === contender)
      .sort((a, b) => a.index - b.index)
      .map(({ text }) => text);
  return new Map(asked.map((method, i) => [method, of(i + 2)]));
}

let together: ReadonlyMap<DecodingId, readonly string[]>;
beforeAll(async () => {
  together = await texts(METHODS, 3);
});

describe.each(METHODS)('%s', (method) => {
  test('writes the same for the same seed, alone or beside all others, in any number of problems', async () => {
    const same = room();
    const alone = (await texts([method], 5, {}, same)).get(method)!;
    expect(alone).toHaveLength(5);
    expect(together.get(method)).toEqual(alone.slice(0, 3));
    // In a room where others have run before.
    expect((await texts([method], 5, {}, same)).get(method)).toEqual(alone);
  });

  test('draws anew for another seed, if it draws at all', async () => {
    // The same prompts: only the draws differ.
    const prompt = {
      mode: 'generate' as const,
      prompt: 'say 7: ',
      method,
      params: paramsOf(method),
    };
    const written = async (seed: number) => {
      const experiment = { ...defaultExperiment, ...prompt, maxTokens: 16, seed };
      for await (const event of runExperiment(experiment, room())) {
        if (event.type === 'generated') return event.tokens.join(' ');
      }
      throw new Error('nothing was written');
    };
    const many = new Set(await Promise.all([1, 2, 3, 4].map(written)));
    if (draws(method)) expect(many.size).toBeGreaterThan(1);
    else expect(many.size).toBe(1);
  });
});
