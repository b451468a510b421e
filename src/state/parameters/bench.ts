// What the page knows of the parameters it looks into. Questions go to the worker one after another; an answer that
// came too late, because a dial has moved on, is thrown away. Made when one first goes to Parameters.

import { createStore, type StoreApi } from 'zustand/vanilla';
import {
  bitsOf,
  type Dials,
  type Edit,
  LOOKED_AT,
  type LookedAt,
  type Pin,
  sameTarget,
  type Target,
  type View,
} from '../../core/dials.ts';
import type { Failure } from '../../core/errors.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type {
  Ask,
  AskedModel,
  Found,
  Next,
  Opened,
  Plan,
  Reply,
  What,
  Writing,
} from '../../worker/protocol.ts';
import type { App } from '../app.ts';
import { patch } from '../store.ts';

/** Pieces of work between which the newest dial is heard. Milliseconds. */
const BUDGET_MS = 40;
/** What is written beside the distribution is no longer than this. */
const MOST_WRITTEN = 64;

export interface Accuracy {
  /** Rewards so far, by problem. */
  readonly untouched: readonly number[];
  readonly turned: readonly number[];
  readonly of: number;
}

export interface BenchState {
  /** By checkpoint. */
  readonly opened: Readonly<Record<string, Opened>>;
  readonly failed: Readonly<Record<string, Failure>>;
  /** Checkpoints that are being read, with what share is here. */
  readonly opening: Readonly<Record<string, number>>;
  readonly next?: Next | undefined;
  /** Why there is none. */
  readonly nextFailure?: Failure | undefined;
  /** Milliseconds from the turn of the dial to the new distribution on the page. */
  readonly latency?: number | undefined;
  readonly writing?: Writing | undefined;
  readonly accuracy?: Accuracy | undefined;
  /** Are the answers for the dials as they are? */
  readonly fresh: boolean;
  readonly found?: (Found & { readonly key: string }) | undefined;
  readonly finding: boolean;
  readonly findFailure?: Failure | undefined;
  /** What the dial is about to turn. */
  readonly target: Target;
  /** Edits that were undone, the last one first. */
  readonly undone: readonly Edit[];
}

export type Bench = ReturnType<typeof createBench>;

const benches = new WeakMap<App, Bench>();
export function benchOf(app: App): Bench {
  const known = benches.get(app) ?? createBench(app);
  benches.set(app, known);
  return known;
}

function createBench(app: App) {
  const store: StoreApi<BenchState> = createStore<BenchState>(() => ({
    opened: {},
    failed: {},
    opening: {},
    fresh: false,
    finding: false,
    undone: [],
    target: { kind: 'head', layer: 0, index: 0 },
  }));
  const experiment = () => app.store.getState().experiment;
  const set = (news: Partial<BenchState>) => store.setState(news);

  function ask<W extends What>(
    model: AskedModel,
    question: Extract<Ask, { readonly what: W }>,
    progress?: (done: number) => void,
  ): Promise<Extract<Reply, { readonly what: W }>> {
    return new Promise((resolve, reject) => {
      app.desk.send({ type: 'ask', model, ask: question }, question.what, {
        answered: (answer) => {
          if (answer.type === 'told') {
            resolve(answer.reply as Extract<Reply, { readonly what: W }>);
          }
        },
        refused: reject,
        ...(progress && { progress }),
      });
    });
  }

  /** Reads and dissects a checkpoint, once. */
  async function open(role: LookedAt): Promise<void> {
    const id = experiment()[role];
    const { opened, opening, failed } = store.getState();
    if (opened[id] || failed[id] || id in opening) return;
    set({ opening: { ...opening, [id]: 0 } });
    try {
      const told = await ask(modelOf(experiment(), role), { what: 'anatomy' }, (done) =>
        set({ opening: { ...store.getState().opening, [id]: done } }),
      );
      set({ opened: { ...store.getState().opened, [id]: told } });
    } catch (failure) {
      set({ failed: { ...store.getState().failed, [id]: failure as Failure } });
    }
    const { [id]: _, ...others } = store.getState().opening;
    set({ opening: others });
  }

  /** Tries again to open what could not be opened. */
  function retry(id: string): void {
    const { [id]: _, ...others } = store.getState().failed;
    set({ failed: others });
    for (const role of LOOKED_AT) void open(role);
  }

  let pumping = false;
  let done = '';
  let turned = performance.now();
  const ready = new Set<string>();
  /** The untouched model's rewards, by what decides them. */
  const rewards = new Map<string, number[]>();

  const keyNow = () => liveKey(experiment());
  const isNow = (key: string) => keyNow() === key;

  /** Keeps distribution, text and accuracy up with the dials. */
  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    try {
      while (experiment().mode === 'parameters' && keyNow() !== done) {
        const key = keyNow();
        await answer(key).catch((failure: Failure) => {
          if (isNow(key)) set({ nextFailure: failure, next: undefined, fresh: true });
        });
        if (isNow(key)) done = key;
      }
    } finally {
      pumping = false;
    }
  }

  async function answer(key: string): Promise<void> {
    const now = experiment();
    const { dials, prompt, task, difficulty, seed, problems, maxTokens } = now;
    const { temperature, topP } = dials;
    const model = modelOf(now, dials.model);
    set({ fresh: false });
    const next = await ask(model, { what: 'next', prompt, temperature, topP });
    if (!isNow(key)) return;
    // How long it took to get ready says nothing of the dial.
    const latency = ready.has(model.checkpoint) ? performance.now() - turned : undefined;
    ready.add(model.checkpoint);
    set({ next, nextFailure: undefined, latency });
    let writing: Writing = {
      untouched: [],
      turned: [],
      untouchedText: '',
      turnedText: '',
      done: false,
    };
    const most = Math.min(maxTokens, MOST_WRITTEN);
    while (!writing.done) {
      const { untouched, turned: other } = writing;
      const question = { what: 'write', prompt, untouched, turned: other, most } as const;
      writing = await ask(model, { ...question, budgetMs: BUDGET_MS });
      if (!isNow(key)) return;
      set({ writing });
    }
    const still = model.plan.bits === 32 && model.plan.edits.length === 0;
    const plain = [model.checkpoint, task, difficulty, seed, maxTokens].join(' ');
    const untouched = rewards.get(plain) ?? [];
    rewards.set(plain, untouched);
    const own: number[] = still ? untouched : [];
    const tell = () =>
      set({
        accuracy: {
          untouched: untouched.slice(0, problems),
          turned: own.slice(0, problems),
          of: problems,
        },
      });
    tell();
    const question = { what: 'answers', task, difficulty, seed, to: problems, maxTokens } as const;
    const todo = [
      ['untouched', untouched],
      ['turned', own],
    ] as const;
    for (const [by, list] of todo) {
      while (list.length < problems) {
        const from = list.length;
        const told = await ask(model, { ...question, from, by, budgetMs: BUDGET_MS });
        // Another question may have gone on with the same list.
        if (list.length === from) list.push(...told.rewards);
        if (!isNow(key)) return;
        tell();
      }
    }
    set({ fresh: true });
  }

  function setDials(news: Partial<Dials>): void {
    const before = experiment();
    patch(app.store, { experiment: { ...before, dials: { ...before.dials, ...news } } });
  }

  /**
   * Adds an edit; while the same dial of the same numbers is turned, the last edit follows it.
   * @param goesOn whether it is still the same turn
   */
  function turn(edit: Edit, goesOn: boolean): void {
    const { edits } = experiment().dials;
    const last = edits.at(-1);
    const follows =
      goesOn && last && last.role === edit.role && sameTarget(last.target, edit.target);
    setDials({ edits: [...(follows ? edits.slice(0, -1) : edits), edit] });
    set({ undone: [] });
  }

  function undo(): void {
    const { edits } = experiment().dials;
    const last = edits.at(-1);
    if (!last) return;
    setDials({ edits: edits.slice(0, -1) });
    set({ undone: [last, ...store.getState().undone] });
  }

  function redo(): void {
    const [first, ...rest] = store.getState().undone;
    if (!first) return;
    setDials({ edits: [...experiment().dials.edits, first] });
    set({ undone: rest });
  }

  function removeEdit(number: number): void {
    const { edits } = experiment().dials;
    setDials({ edits: edits.filter((_, i) => i !== number) });
    set({ undone: [] });
  }

  /** Every dial back; what was set can be brought back by redo. */
  function resetAll(): void {
    const { edits } = experiment().dials;
    setDials({ edits: [], smallBits: 32, largeBits: 32 });
    set({ undone: [...edits, ...store.getState().undone] });
  }

  async function find(token?: number): Promise<void> {
    const now = experiment();
    const key = findKey(now);
    set({ finding: true, findFailure: undefined });
    try {
      const question = { what: 'find', prompt: now.prompt } as const;
      const told = await ask(modelOf(now, now.dials.model), {
        ...question,
        ...(token !== undefined && { token }),
      });
      set({ found: { ...told, key } });
    } catch (failure) {
      set({ findFailure: failure as Failure, found: undefined });
    }
    set({ finding: false });
  }

  function pin(pin: Pin): void {
    const { pins } = experiment().dials;
    const known = pins.some((one) => samePin(one, pin));
    setDials({ pins: known ? pins.filter((one) => !samePin(one, pin)) : [...pins, pin] });
  }

  /** Takes a target to the dial. */
  function choose(target: Target): void {
    set({ target });
    setDials({ view: 'turn' });
  }

  const go = (view: View, news: Partial<Dials> = {}) => setDials({ view, ...news });

  function follow(): void {
    if (experiment().mode !== 'parameters') return;
    for (const role of LOOKED_AT) void open(role);
    void pump();
  }
  let before = '';
  app.store.subscribe(() => {
    const now = `${experiment().mode} ${liveKey(experiment())} ${experiment().small} ${experiment().large}`;
    if (now === before) return;
    before = now;
    turned = performance.now();
    follow();
  });
  follow();

  return {
    store,
    ask,
    retry,
    setDials,
    turn,
    undo,
    redo,
    removeEdit,
    resetAll,
    find,
    pin,
    choose,
    setTarget: (target: Target) => set({ target }),
    go,
    modelOf: (role: LookedAt) => modelOf(experiment(), role),
  };
}

export const samePin = (a: Pin, b: Pin): boolean =>
  a.role === b.role && a.tensor === b.tensor && a.index === b.index;

/** The plan of one model: its rounding, and those of the edits that are its own. */
export function planOf({ dials, seed }: Experiment, role: LookedAt): Plan {
  const edits = dials.edits.filter((edit) => edit.role === role);
  return { bits: bitsOf(dials, role), edits, seed };
}

export const modelOf = (experiment: Experiment, role: LookedAt): AskedModel => ({
  checkpoint: experiment[role],
  provider: experiment.provider,
  kernels: experiment.kernels,
  plan: planOf(experiment, role),
});

/** All that the distribution, the text and the accuracy depend on. */
export function liveKey(experiment: Experiment): string {
  const { dials, prompt, task, difficulty, problems, maxTokens } = experiment;
  const { model, temperature, topP } = dials;
  const asked = modelOf(experiment, model);
  return JSON.stringify([asked, prompt, temperature, topP, task, difficulty, problems, maxTokens]);
}

/** What an attribution depends on. */
export const findKey = (experiment: Experiment): string =>
  JSON.stringify([modelOf(experiment, experiment.dials.model), experiment.prompt]);
