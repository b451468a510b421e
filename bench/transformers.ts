// Evaluate on a dropped pair against transformers.js on the same files: same problems, same tokens, the wasm provider with
// one thread, each in a worker of its own, taking turns. transformers.js runs twice: with the ONNX Runtime that it brings,
// and with the build that this project uses, so that one can tell the runtime's share from the decoder's.

import type { RunEvent } from '../src/core/events.ts';
import { defaultExperiment, type Experiment } from '../src/experiment/experiment.ts';
import { tasks } from '../src/tasks/index.ts';
import {
  CONTEXT,
  type Family,
  familyBytes,
  familyConfig,
  llamaShape,
} from '../test/families/index.ts';
import { type Conversation, converse, type Files } from './conversation.ts';
import type { Build, Message, Written } from './transformersWorker.ts';
import { type Clock, median } from './turns.ts';

export interface TransformersOptions {
  readonly problems: number;
  readonly rounds: number;
  /** Names of pairs; all where there are none. */
  readonly only: readonly string[];
}

/** How many times as many problems a pair answers that is done at once. */
const MANY = 8;

/** Medians over rounds; a ratio is the median of the rounds' own, above 1 where we are faster. */
export interface Measured {
  readonly name: string;
  /** Written in one round. */
  readonly tokens: number;
  readonly ms: number;
  readonly theirs: Readonly<Record<Build, { readonly ms: number; readonly ratio: number }>>;
}
/** Of what the page's process computed; others on the same cores do not count. */
type Computed = Readonly<Record<Build, number>>;

export interface PairReport {
  readonly pair: string;
  /** All of Evaluate, from the page and back, its untimed first answer included. */
  readonly evaluate: Measured & { readonly computed: Computed };
  /** From the prompt's tokens to the last one. */
  readonly models: readonly Measured[];
}

export interface TransformersReport extends Pick<TransformersOptions, 'problems' | 'rounds'> {
  readonly pairs: readonly PairReport[];
}

interface Pair {
  readonly name: string;
  readonly small: () => Promise<Files>;
  readonly large: () => Promise<Files>;
  readonly difficulty: number;
  readonly maxTokens: number;
  readonly times: number;
}

const BUILDS: readonly Build[] = ['theirs', 'ours'];
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];

async function builtin(name: string): Promise<Files> {
  const files = FILES.map(async (path) => {
    const answer = await fetch(`/models/${name}/${path}`);
    return [path, await answer.blob()] as const;
  });
  return new Map(await Promise.all(files));
}

/** What people's own configurations say, and transformers.js needs to know. */
const LLAMA = {
  ...familyConfig,
  model_type: 'llama',
  hidden_size: llamaShape.width,
  num_attention_heads: llamaShape.heads,
  num_key_value_heads: llamaShape.keyHeads,
  head_dim: llamaShape.headSize,
};

async function brought(family: Family, layers: number): Promise<Files> {
  const tokenizer = ['tokenizer.json', 'tokenizer_config.json'].map(async (path) => {
    return [path, await (await fetch(`/recipes/tokenizer/${path}`)).blob()] as const;
  });
  const config = JSON.stringify({ ...LLAMA, num_hidden_layers: layers });
  return new Map([
    ...(await Promise.all(tokenizer)),
    ['config.json', new Blob([config])],
    ['onnx/model.onnx', new Blob([familyBytes(family, layers)])],
  ]);
}

const pairOf = (family: Family): Pair => ({
  name: family,
  small: () => brought(family, 2),
  large: () => brought(family, 8),
  difficulty: 5,
  maxTokens: CONTEXT - 12,
  times: MANY,
});

const PAIRS: readonly Pair[] = [
  {
    name: 'base',
    small: () => builtin('base-small'),
    large: () => builtin('base-large'),
    difficulty: defaultExperiment.difficulty,
    maxTokens: defaultExperiment.maxTokens,
    times: 1,
  },
  pairOf('llama'),
  pairOf('contrib llama int4'),
];

/** A worker with transformers.js, as a function. */
function makeTheirs(): (order: Order) => Promise<unknown> {
  const worker = new Worker(new URL('./transformersWorker.ts', import.meta.url), {
    type: 'module',
  });
  let numbers = 0;
  return (order) =>
    new Promise((resolve, reject) => {
      const id = ++numbers;
      const hear = ({ data }: MessageEvent<{ id: number; value?: unknown; error?: unknown }>) => {
        if (data.id !== id) return;
        worker.removeEventListener('message', hear);
        if (data.error === undefined) resolve(data.value);
        else reject(new Error(String(data.error)));
      };
      worker.addEventListener('message', hear);
      worker.addEventListener('error', ({ message }) => reject(new Error(message)), { once: true });
      worker.postMessage({ ...order, id });
    });
}
type Order = Message extends infer M ? (M extends Message ? Omit<M, 'id'> : never) : never;

/** A contender's round: all of it, and each model's answers. */
interface Round {
  readonly ms: number;
  readonly computed: number;
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
}
interface Answer {
  readonly text: string;
  readonly tokens: number;
  readonly ms: number;
}
const ROLES = ['small', 'large'] as const;

const answersOf = (events: readonly RunEvent[], contender: number): Answer[] =>
  events.flatMap((event) =>
    event.type === 'answer' && event.contender === contender
      ? [{ text: event.text, tokens: event.stats.tokens, ms: event.stats.ms }]
      : [],
  );

async function measurePair(
  pair: Pair,
  { problems: some, rounds }: TransformersOptions,
  clock: Clock,
  { drop, run }: Conversation,
  theirs: Readonly<Record<Build, ReturnType<typeof makeTheirs>>>,
): Promise<PairReport> {
  const { maxTokens, difficulty } = pair;
  const problems = some * pair.times;
  const ids = { small: '', large: '' };
  for (const role of ROLES) {
    const files = await pair[role]();
    const name = `${pair.name} ${role}`;
    ids[role] = (await drop(name, files)).id;
    for (const build of BUILDS) await theirs[build]({ type: 'load', name: role, files });
  }
  const experiment: Experiment = {
    ...defaultExperiment,
    ...ids,
    mode: 'evaluate',
    contenders: [],
    problems,
    difficulty,
    maxTokens,
    provider: 'wasm',
    kernels: 'cpu',
  };
  const { task, seed } = experiment;
  const prompts = Array.from(
    { length: problems },
    (_, index) => tasks[task].problem(seed, index, difficulty).prompt,
  );
  const contenders: Readonly<Record<'we' | Build, () => Promise<Omit<Round, 'computed'>>>> = {
    async we() {
      const { events, ms } = await run(experiment);
      return { ms, answers: { small: answersOf(events, 0), large: answersOf(events, 1) } };
    },
    theirs: () => theirRound('theirs'),
    ours: () => theirRound('ours'),
  };
  async function theirRound(build: Build): Promise<Omit<Round, 'computed'>> {
    const begun = performance.now();
    const written = await theirs[build]({ type: 'answer', models: ROLES, prompts, maxTokens });
    const ms = performance.now() - begun;
    const told = Object.entries(written as Record<string, Written[]>).map(
      ([name, all]) => [name, all.map((one) => ({ ...one, tokens: one.tokens.length }))] as const,
    );
    return { ms, answers: Object.fromEntries(told) };
  }

  const names = ['we', 'theirs', 'ours'] as const;
  const found: Record<(typeof names)[number], Round[]> = { we: [], theirs: [], ours: [] };
  // Two rounds that are not counted: browsers optimise WebAssembly as it is used.
  for (let round = -2; round < rounds; round++) {
    const first = (round + 3) % 3;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const before = await clock();
      const one = await contenders[name]();
      const computed = (await clock()) - before;
      if (round >= 0) found[name].push({ ...one, computed });
    }
    if (round >= 0)
      checkSame(pair.name, found.we.at(-1)!, [found.theirs.at(-1)!, found.ours.at(-1)!]);
    console.info(`${pair.name}: round ${round + 1} of ${rounds}`);
  }
  const written = (role: string) => sum(found.we[0]!.answers[role]!.map(({ tokens }) => tokens));
  const compare = (name: string, tokens: number, time: (round: Round) => number): Measured => {
    const of = (build: Build) => ({
      ms: median(found[build].map(time)),
      ratio: median(found[build].map((one, i) => time(one) / time(found.we[i]!))),
    });
    const ms = median(found.we.map(time));
    return { name, tokens, ms, theirs: { theirs: of('theirs'), ours: of('ours') } };
  };
  const computed = (build: Build) =>
    median(found[build].map((one, i) => one.computed / found.we[i]!.computed));
  return {
    pair: pair.name,
    evaluate: {
      ...compare(pair.name, sum(ROLES.map(written)), ({ ms }) => ms),
      computed: { theirs: computed('theirs'), ours: computed('ours') },
    },
    models: ROLES.map((role) =>
      compare(role, written(role), ({ answers }) => sum(answers[role]!.map(({ ms }) => ms))),
    ),
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Speed is compared of the same work only. */
function checkSame(pair: string, we: Round, others: readonly Round[]): void {
  const plain = ({ answers }: Round) =>
    JSON.stringify(
      ROLES.map((role) => answers[role]!.map(({ text, tokens }) => ({ text, tokens }))),
    );
  for (const other of others) {
    if (plain(other) !== plain(we)) {
      throw new Error(`${pair}: other tokens\n${plain(we)}\n${plain(other)}`);
    }
  }
}

export async function benchTransformers(
  options: TransformersOptions,
  clock: Clock,
): Promise<TransformersReport> {
  const { problems, rounds, only } = options;
  const conversation = converse();
  const theirs = { theirs: makeTheirs(), ours: makeTheirs() };
  for (const build of BUILDS) await theirs[build]({ type: 'start', build });
  const pairs: PairReport[] = [];
  for (const pair of PAIRS) {
    if (only.length > 0 && !only.includes(pair.name)) continue;
    pairs.push(await measurePair(pair, options, clock, conversation, theirs));
  }
  conversation.close();
  return { problems, rounds, pairs };
}
