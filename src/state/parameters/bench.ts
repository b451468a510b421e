// What the page knows of the parameters it looks into. Questions go to the worker one after another; an answer that
// came too late, because a dial has moved on, is thrown away. Made when one first goes to Parameters.

import { createStore, type StoreApi } from 'zustand/vanilla';
import {
  BITS,
  type Bits,
  DIAL_LIMITS,
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
import type { Ask, AskedModel, Reply, What, Writing } from '../../worker/protocol.ts';
import type { App } from '../app.ts';
import { inMode } from '../modes.ts';
import { patch } from '../store.ts';
import type { BenchState } from './benchState.ts';
import { findKey, liveKey, modelOf, samePin } from './plan.ts';

/** Pieces of work between which the newest dial is heard. Milliseconds. */
const BUDGET_MS = 40;
/** Pins that are drawn for each model. */
const DRAWN_PINS = 3;
/** What is written beside the distribution is no longer than this. */
const MOST_WRITTEN = 64;

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
    rounding: {},
    measuring: false,
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

  /** Adds an edit; while the same numbers are turned, the last edit follows the dial. */
  function turn(edit: Edit): void {
    const { edits } = experiment().dials;
    const last = edits.at(-1);
    const follows = last && last.role === edit.role && sameTarget(last.target, edit.target);
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

  let stopped = false;
  /** The looked-at model at all numbers of bits, one after the other, with the edits as they are. */
  async function measureRounding(): Promise<void> {
    if (store.getState().measuring) return;
    stopped = false;
    set({ measuring: true });
    try {
      for (const bits of BITS) await measureAt(bits);
    } catch {
      // What is wrong with the model stands beside its distribution.
    }
    set({ measuring: false });
  }

  async function measureAt(bits: Bits): Promise<void> {
    const now = experiment();
    const { prompt, task, difficulty, seed, problems, maxTokens } = now;
    const model = modelOf(now, now.dials.model);
    const rounded = { ...model, plan: { ...model.plan, bits } };
    const next = { what: 'next', prompt, temperature: 1, topP: 1 } as const;
    const { divergence } = await ask(rounded, next);
    const question = { what: 'answers', task, difficulty, seed, to: problems, maxTokens } as const;
    const rewards: number[] = [];
    while (rewards.length < problems && !stopped) {
      const from = rewards.length;
      const told = await ask(rounded, { ...question, from, by: 'turned', budgetMs: BUDGET_MS });
      rewards.push(...told.rewards);
      const rate = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
      const found = { divergence, rate, of: rewards.length };
      const key = `${model.checkpoint} ${bits}`;
      set({ rounding: { ...store.getState().rounding, [key]: found } });
    }
  }

  function pin(pin: Pin): void {
    const { pins } = experiment().dials;
    const known = pins.some((one) => samePin(one, pin));
    setDials({ pins: known ? pins.filter((one) => !samePin(one, pin)) : [...pins, pin] });
  }

  /** Some weights of each model that is open, drawn at random, become pins. */
  function pinSome(): void {
    const { pins } = experiment().dials;
    const drawn = LOOKED_AT.flatMap((role): Pin[] => {
      const model = store.getState().opened[experiment()[role]];
      const matrices = model?.anatomy.parts.filter(({ kind }) => kind === 'weight') ?? [];
      if (matrices.length === 0) return [];
      const pick = (below: number) => Math.floor(app.page.random() * below);
      return Array.from({ length: DRAWN_PINS }, () => {
        const part = matrices[pick(matrices.length)]!;
        return { role, tensor: part.name, index: pick(part.count) };
      });
    });
    setDials({ pins: [...pins, ...drawn].slice(0, DIAL_LIMITS.pins) });
  }

  /** Trains one of the two models here and now, for so many steps of the task; what is set elsewhere stays. */
  function train(role: LookedAt, steps: number): void {
    const { knobs } = app.store.getState();
    const before = experiment();
    const training = inMode(before, 'train', knobs);
    const { small, large } = before;
    const params = { ...training.params, model: role, steps, evaluateEvery: 0 };
    patch(app.store, {
      experiment: { ...training, small, large, method: 'sft', params, data: 'task' },
    });
    app.actions.start();
    patch(app.store, { experiment: before, knobs });
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
    pinSome,
    train,
    choose,
    measureRounding,
    stopRounding() {
      stopped = true;
    },
    setTarget: (target: Target) => set({ target }),
    go,
    modelOf: (role: LookedAt) => modelOf(experiment(), role),
  };
}
