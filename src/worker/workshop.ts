// Questions about parameters, answered. Two models stay open, the small and the large one that are looked at, and a
// third for whoever goes back and forth.

import { algorithms } from '../algorithms/index.ts';
import { divergence, mostProbable, probabilities } from '../anatomy/distribution.ts';
import { MAP_TOKENS, neighbours, tokenMap } from '../anatomy/embedding.ts';
import { rank } from '../anatomy/ranking.ts';
import { neuronsOf, partNamed } from '../anatomy/regions.ts';
import { bytesAt } from '../anatomy/rounding.ts';
import { statisticsOf } from '../anatomy/statistics.ts';
import { shapeOf, tileOf } from '../anatomy/tiles.ts';
import { treeOf } from '../anatomy/tree.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import { BITS } from '../core/dials.ts';
import { UserError } from '../core/errors.ts';
import type { Ops } from '../core/ops.ts';
import { parseLocalId } from '../experiment/names.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { tasks } from '../tasks/index.ts';
import type { Ask, AskedModel, Questions, Replies, Reply, What } from './ask.ts';
import { generateQuietly } from './generation.ts';
import { OpenedModel } from './opened.ts';
import { inOneFile, readBase } from './trainRoom.ts';

export interface Tools {
  folderOf(id: string): Promise<CheckpointFolder>;
  /** Started when it is first needed. */
  runtime(): Promise<OrtRuntime>;
  ops(): Ops;
  /** Bytes of the checkpoint's files. */
  progress(loaded: number, total?: number): void;
}

const CAPACITY = 3;
/** Tokens shown of each distribution. */
const TOP = 12;
const NEAR = 12;

export function createWorkshop() {
  /** Least recently used first. */
  const shelf = new Map<string, Promise<OpenedModel>>();

  async function open({ checkpoint }: AskedModel, { folderOf, progress }: Tools) {
    const key = parseLocalId(checkpoint)?.sha256 ?? checkpoint;
    const known = shelf.get(key);
    const opening =
      known ??
      folderOf(checkpoint).then(async (folder) =>
        OpenedModel.open(await inOneFile(await readBase(checkpoint, folder, progress), folder)),
      );
    shelf.delete(key);
    shelf.set(key, opening);
    opening.catch(() => shelf.delete(key));
    const model = await opening;
    for (const [old, one] of shelf) {
      if (shelf.size <= CAPACITY) break;
      shelf.delete(old);
      await one.then((unused) => unused.rest()).catch(() => {});
    }
    return model;
  }

  return {
    async answer(model: AskedModel, ask: Ask, tools: Tools): Promise<Reply> {
      const opened = await open(model, tools);
      const { failures, touched } = await opened.apply(model.plan);
      const context: Context = { opened, model, tools, failures, touched };
      const answer = answers[ask.what] as (
        context: Context,
        ask: Ask,
      ) => Replies[What] | Promise<Replies[What]>;
      return { what: ask.what, ...(await answer(context, ask)) } as Reply;
    },
    /** Lets go of all sessions; files stay open. */
    async rest(): Promise<void> {
      for (const opening of shelf.values()) await opening.then((one) => one.rest()).catch(() => {});
    },
  };
}

export type Workshop = ReturnType<typeof createWorkshop>;

interface Context {
  readonly opened: OpenedModel;
  readonly model: AskedModel;
  readonly tools: Tools;
  readonly failures: Awaited<ReturnType<OpenedModel['apply']>>['failures'];
  readonly touched: number;
}

type Answers = {
  readonly [W in What]: (context: Context, ask: Questions[W]) => Replies[W] | Promise<Replies[W]>;
};

const answers: Answers = {
  anatomy({ opened }) {
    const { anatomy, base } = opened;
    const bytes = BITS.map((bits) => [bits, bytesAt(anatomy.parts, bits)]);
    const count = Math.min(base.tokenizer.size, MAP_TOKENS);
    return {
      name: base.name,
      anatomy,
      tree: treeOf(anatomy, base.name),
      bytes: Object.fromEntries(bytes),
      neurons: Array.from({ length: anatomy.layers }, (_, layer) => neuronsOf(anatomy, layer)),
      tokens: Array.from({ length: count }, (_, id) => base.tokenizer.piece(id)),
      contextLength: base.config.contextLength,
    };
  },

  statistics: ({ opened }, { tensor }) => statisticsOf(valuesOf(opened, tensor)),

  tiles({ opened }, { tensor, level, at }) {
    const values = valuesOf(opened, tensor);
    const matrix = { values, ...shapeOf(partNamed(tensor, opened.anatomy).dims) };
    return {
      tiles: at.map(([down, along]) => ({
        down,
        along,
        cells: tileOf(matrix, level, down, along),
      })),
    };
  },

  values: ({ opened }, { tensor }) => ({
    values: valuesOf(opened, tensor).slice(),
    ...shapeOf(partNamed(tensor, opened.anatomy).dims),
  }),

  map({ opened }) {
    const { values, width, tokens } = tokenTable(opened);
    return tokenMap(values, width, tokens);
  },

  neighbours({ opened }, { token }) {
    const { values, width, tokens } = tokenTable(opened);
    if (!(token < tokens)) throw noToken(token, tokens);
    return {
      near: neighbours(values, width, tokens, token, NEAR).map((one) => ({
        ...one,
        text: opened.base.tokenizer.piece(one.token),
      })),
    };
  },

  async next({ opened, model, tools, failures, touched }, { prompt, temperature, topP }) {
    const { tokenizer } = opened.base;
    const tokens = readPrompt(opened, prompt);
    const runtime = await tools.runtime();
    await opened.pair(runtime);
    const begun = performance.now();
    const [row, turnedRow] = await opened.rows(runtime, tokens, model.plan);
    const untouched = probabilities(row, temperature, topP);
    const turned = row === turnedRow ? untouched : probabilities(turnedRow, temperature, topP);
    const shown = new Set([...mostProbable(untouched, TOP), ...mostProbable(turned, TOP)]);
    const plain = row === turnedRow ? 0 : divergence(...plainPair(row, turnedRow));
    return {
      prompt: tokens.map((id) => ({ id, text: tokenizer.piece(id) })),
      top: [...shown]
        .map((token) => ({
          token,
          text: tokenizer.piece(token),
          untouched: untouched[token]!,
          turned: turned[token]!,
        }))
        .sort((a, b) => Math.max(b.untouched, b.turned) - Math.max(a.untouched, a.turned))
        .slice(0, TOP),
      divergence: plain,
      touched,
      failures: [...failures].map(([edit, failure]) => ({ edit, failure })),
      ms: performance.now() - begun,
    };
  },

  async write({ opened, tools }, { prompt, untouched, turned, most, budgetMs }) {
    const { tokenizer } = opened.base;
    const tokens = readPrompt(opened, prompt);
    const { model, untouched: one, turned: other } = await opened.pair(await tools.runtime());
    const until = performance.now() + budgetMs;
    const room = Math.min(most, opened.base.config.contextLength - tokens.length);
    const texts = { untouched: [...untouched], turned: [...turned] };
    const ended = (text: readonly number[]) =>
      text.length >= room || one.eos.has(text.at(-1) ?? Number.NaN);
    do {
      for (const [text, decoder] of [
        [texts.untouched, one],
        [texts.turned, other],
      ] as const) {
        if (ended(text)) continue;
        const row = await model.row(decoder, [...tokens, ...text]);
        text.push(mostProbable(probabilities(row, 0, 1), 1)[0]!);
      }
    } while (performance.now() < until && !(ended(texts.untouched) && ended(texts.turned)));
    return {
      ...texts,
      untouchedText: tokenizer.decode(texts.untouched),
      turnedText: tokenizer.decode(texts.turned),
      done: ended(texts.untouched) && ended(texts.turned),
    };
  },

  async answers(
    { opened, tools },
    { task: id, difficulty, seed, from, to, maxTokens, by, budgetMs },
  ) {
    const { tokenizer, config } = opened.base;
    const pair = await opened.pair(await tools.runtime());
    const task = tasks[id];
    const until = performance.now() + budgetMs;
    const rewards: number[] = [];
    let first: Replies['answers']['first'] | undefined;
    for (let index = from; index < to; index++) {
      const problem = task.problem(seed, index, difficulty);
      const prompt = tokenizer.encode(problem.prompt);
      const written = await generateQuietly(
        { models: { small: pair[by] }, tokenizer, ops: tools.ops() },
        {
          algorithm: algorithms.greedy as AnyAlgorithm,
          params: { model: 'small' },
          prompt,
          maxTokens: Math.max(1, Math.min(maxTokens, config.contextLength - prompt.length)),
          seed,
          run: index,
        },
        () => false,
      );
      const text = written?.text ?? '';
      rewards.push(task.reward(text, problem));
      first ??= { prompt: problem.prompt, expected: problem.answer, text };
      if (performance.now() > until) break;
    }
    return { rewards, first: first ?? { prompt: '', expected: '', text: '' } };
  },

  async find({ opened, model, tools }, { prompt, token }) {
    const { tokenizer } = opened.base;
    const tokens = readPrompt(opened, prompt);
    const runtime = await tools.runtime();
    const pair = await opened.pair(runtime);
    const begun = performance.now();
    const [, row] = await opened.rows(runtime, tokens, model.plan);
    const asked = token ?? mostProbable(probabilities(row, 0, 1), 1)[0]!;
    if (!(asked < row.length)) throw noToken(asked, row.length);
    const attribution = await opened.attribution(runtime);
    const found = await attribution.gradients(tokens, asked, pair.model.tensors);
    const ranking = rank(opened.anatomy, (name) => opened.values(name), found.gradients);
    return {
      ...ranking,
      token: asked,
      text: tokenizer.piece(asked),
      logit: found.logit,
      ms: performance.now() - begun,
    };
  },
};

const plainPair = (a: Float32Array, b: Float32Array) =>
  [probabilities(a, 1, 1), probabilities(b, 1, 1)] as const;

/** @throws UserError 'experiment' */
function valuesOf(opened: OpenedModel, tensor: string): Float32Array<ArrayBuffer> {
  return opened.values(partNamed(tensor, opened.anatomy).name);
}

/** @throws UserError 'prompt', 'context' */
function readPrompt({ base }: OpenedModel, prompt: string): readonly number[] {
  const tokens = base.tokenizer.encode(prompt);
  const { contextLength } = base.config;
  if (tokens.length === 0) {
    throw new UserError(
      'prompt',
      'The prompt is empty.',
      'Type something for the model to go on from.',
    );
  }
  if (tokens.length <= contextLength) return tokens;
  throw new UserError(
    'context',
    `The prompt has ${tokens.length} tokens; ${base.name} reads at most ${contextLength}.`,
    'Shorten the prompt.',
  );
}

/** @throws UserError 'onnx' */
function tokenTable(opened: OpenedModel) {
  const table = opened.anatomy.parts.find(({ purpose }) => purpose === 'tokenEmbedding');
  if (!table) {
    throw new UserError(
      'onnx',
      'No token embedding was found in this model.',
      'Choose a decoder that reads token ids.',
    );
  }
  const { rows, columns } = shapeOf(table.dims);
  const tokens = Math.min(rows, opened.base.tokenizer.size);
  return { values: opened.values(table.name), width: columns, tokens };
}

const noToken = (token: number, count: number) =>
  new UserError(
    'experiment',
    `There is no token ${token}: the model knows ${count}, numbered 0 to ${count - 1}.`,
    'Choose a token in that range.',
  );
