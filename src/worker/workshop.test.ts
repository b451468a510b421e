// Parameters asked about as the page does, with real small decoders in Node.
import { beforeAll, describe, expect, test } from 'vitest';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes } from '../../test/support/ownCheckpoint.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { Edit } from '../core/dials.ts';
import { UserError } from '../core/errors.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Ask, AskedModel, Plan, Reply, What } from './ask.ts';
import { OpenedModel } from './opened.ts';
import { readBase } from './trainRoom.ts';
import { createWorkshop } from './workshop.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});

const still: Plan = { bits: 32, edits: [], seed: 1 };
const zero = (target: Edit['target']): Edit => ({
  role: 'small',
  target,
  action: 'zero',
  amount: 0,
});
const PROMPT = 'say 9095611: ';
const settings = { prompt: PROMPT, temperature: 1, topP: 1 };

function shop(folder: CheckpointFolder = diskFolder('public/models/base-small')) {
  const workshop = createWorkshop();
  const tools = {
    folderOf: async () => folder,
    runtime: async () => runtime,
    ops: () => createCpuBackend().ops,
    progress: () => {},
  };
  return async <W extends What>(ask: Extract<Ask, { what: W }>, plan: Plan = still) => {
    const model: AskedModel = { checkpoint: folder.name, provider: 'auto', kernels: 'auto', plan };
    return (await workshop.answer(model, ask, tools)) as Extract<Reply, { what: W }>;
  };
}

describe('a small built-in checkpoint', () => {
  test('is counted, looked at, and turned beside itself', async () => {
    const ask = shop();
    const { anatomy, tree, bytes } = await ask({ what: 'anatomy' });
    expect(tree.count).toBe(anatomy.parameters);
    expect(bytes[32]).toBe(4 * anatomy.parameters);
    const plain = await ask({ what: 'next', ...settings });
    expect(plain.divergence).toBe(0);
    for (const { untouched, turned } of plain.top) expect(turned).toBe(untouched);

    // With an edit that changes nothing the other session computes, and says the same to the bit.
    const one = { kind: 'layer', layer: 0 } as const;
    const same: Edit = { role: 'small', target: one, action: 'scale', amount: 1 };
    const equal = await ask({ what: 'next', ...settings }, { ...still, edits: [same] });
    expect(equal.divergence).toBe(0);
    for (const { untouched, turned } of equal.top) expect(turned).toBe(untouched);

    const off = await ask({ what: 'next', ...settings }, { ...still, edits: [zero(one)] });
    expect(off.divergence).toBeGreaterThan(0.1);
    const back = await ask({ what: 'next', ...settings });
    expect(back.top).toEqual(plain.top);

    const coarse = await ask({ what: 'next', ...settings }, { ...still, bits: 2 });
    const fine = await ask({ what: 'next', ...settings }, { ...still, bits: 8 });
    expect(coarse.divergence).toBeGreaterThan(10 * fine.divergence);
  });

  test('both write, and answer problems; in small pieces as in one', async () => {
    const ask = shop();
    const plan = { ...still, edits: [zero({ kind: 'head', layer: 0, index: 1 })] };
    const request = { what: 'write', prompt: PROMPT, most: 24 } as const;
    const whole = await ask({ ...request, untouched: [], turned: [], budgetMs: 1e9 }, plan);
    expect(whole.done).toBe(true);
    let piece = await ask({ ...request, untouched: [], turned: [], budgetMs: 0 }, plan);
    expect(piece.untouched).toHaveLength(1);
    while (!piece.done)
      piece = await ask({ ...request, ...piece, what: 'write', budgetMs: 0 }, plan);
    expect(piece).toEqual(whole);

    const problems = {
      what: 'answers',
      task: 'numberWords',
      difficulty: 2,
      seed: 1,
      from: 0,
      to: 3,
      maxTokens: 40,
      budgetMs: 1e9,
    } as const;
    const right = await ask({ ...problems, by: 'untouched' }, plan);
    expect(right.rewards).toHaveLength(3);
    const nothing = { ...still, edits: [zero({ kind: 'tensor', tensor: 'wte.weight' })] };
    const wrong = await ask({ ...problems, by: 'turned' }, nothing);
    expect(wrong.rewards).toEqual([0, 0, 0]);
  });

  test('gradient times value is what a small change of the weight does to the logit', async () => {
    const ask = shop();
    const found = await ask({ what: 'find', prompt: PROMPT });
    expect(found.weights.length).toBeGreaterThan(20);
    const opened = await openedAs('base-small');
    const tokens = opened.base.tokenizer.encode(PROMPT);
    const logit = async (plan: Plan) => {
      await opened.apply(plan);
      return (await opened.rows(runtime, tokens, plan))[1][found.token]!;
    };
    expect(Math.abs((await logit(still)) - found.logit)).toBeLessThan(1e-3);
    for (const { target, value, gradient } of found.weights.filter((_, i) => i % 5 === 0)) {
      const h = Math.max(Math.abs(value) * 0.02, 1e-3);
      const at = (amount: number) =>
        logit({ ...still, edits: [{ role: 'small', target, action: 'set', amount }] });
      const [up, down] = [Math.fround(value + h), Math.fround(value - h)];
      const slope = ((await at(up)) - (await at(down))) / (up - down);
      expect(Math.abs(slope / gradient - 1)).toBeLessThan(1e-2);
    }
    // Of a tensor all parts together: scores add up.
    const tensor = found.tensors[0]!;
    expect(tensor.magnitude).toBeGreaterThanOrEqual(Math.abs(tensor.score));
  });

  test('what the runtime is fed is read back: the addressed elements and no others', async () => {
    const opened = await openedAs('base-small');
    const { model } = await opened.pair(runtime);
    const before = await model.read('h.1.attn.c_proj.weight');
    const target = { kind: 'row', tensor: 'h.1.attn.c_proj.weight', index: 7 } as const;
    await opened.apply({ ...still, edits: [{ role: 'small', target, action: 'flip', amount: 0 }] });
    const after = await model.read('h.1.attn.c_proj.weight');
    after.forEach((x, i) => {
      expect(x).toBe(Math.floor(i / 80) === 7 ? -before[i]! : before[i]);
    });
    await opened.apply(still);
    expect(await model.read('h.1.attn.c_proj.weight')).toEqual(before);
  });
});

async function openedAs(id: string): Promise<OpenedModel> {
  return OpenedModel.open(await readBase(id, diskFolder(`public/models/${id}`)));
}

test('what cannot be done is said in a sentence', async () => {
  const ask = shop();
  const refused = async (question: Promise<unknown>) => {
    const error = await question.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  };
  expect(await refused(ask({ what: 'statistics', tensor: 'none' }))).toMatch(
    /no parameter tensor called “none”/,
  );
  expect(await refused(ask({ what: 'next', ...settings, prompt: 'say 1: '.repeat(40) }))).toMatch(
    /reads at most 192/,
  );
  expect(await refused(ask({ what: 'neighbours', token: 79 }))).toMatch(/no token 79/);
  expect(await refused(ask({ what: 'find', prompt: PROMPT, token: 1000 }))).toMatch(
    /no token 1000/,
  );
  // An edit for another checkpoint is told, and nothing else changes.
  const { failures, divergence } = await ask(
    { what: 'next', ...settings },
    { ...still, edits: [zero({ kind: 'weight', tensor: 'wte.weight', index: 79 * 80 })] },
  );
  expect(failures[0]?.failure.message).toMatch(/no element 6320/);
  expect(divergence).toBe(0);
});

test('a checkpoint of one’s own is opened like any other', async () => {
  const ask = shop(folderOf(modelBytes()));
  const { anatomy } = await ask({ what: 'anatomy' });
  expect(anatomy.layers).toBe(2);
});
