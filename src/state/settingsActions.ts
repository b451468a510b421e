// The controls. What is set here is what the next run will use; a run that goes on keeps its own.

import { checkParam, defaultsOf, type ParamValue } from '../core/params.ts';
import type { Role } from '../core/roles.ts';
import { exampleProblem, methods, methodsOf, taskList } from '../experiment/catalogue.ts';
import { sweepFor } from '../experiment/contenders.ts';
import {
  type DecodingId,
  defaultExperiment,
  type Experiment,
  LIMITS,
} from '../experiment/experiment.ts';
import { recast } from '../experiment/recast.ts';
import { inMode, type Place } from './modes.ts';
import type { Page } from './page.ts';
import { type Preferences, writePreferences } from './preferences.ts';
import { patch, type Store, told } from './store.ts';
import { suited, usualDifficulty } from './suited.ts';

type Method = Experiment['method'];
/** Settings that are neither the method nor its knobs. */
type Plain = Omit<Experiment, 'method' | 'params'>;
type Counted = 'maxTokens' | 'problems' | 'seed';

export function settingsActions(store: Store, page: Page) {
  const current = (): Experiment => store.getState().experiment;

  function set<K extends keyof Plain>(key: K, value: Plain[K]): void {
    patch(store, { experiment: { ...current(), [key]: value } });
  }

  function setMode(mode: Experiment['mode']): void {
    const { knobs } = store.getState();
    const { method, params } = current();
    const remembered = { ...knobs, [method]: params };
    const before = current().mode;
    const left =
      before === 'evaluate' || before === 'sweep' || before === 'study' ? before : undefined;
    patch(store, {
      knobs: remembered,
      elsewhere: undefined,
      experiment: inMode(current(), mode, remembered),
      ...(left && { compareMode: left }),
    });
  }

  /** Goes where one was last among the modes of that place. */
  function setPlace(place: Place): void {
    if (place === 'models') {
      patch(store, { elsewhere: place });
      return;
    }
    const { compareMode } = store.getState();
    setMode(place === 'decode' ? 'generate' : place === 'compare' ? compareMode : place);
  }

  /** Gives a role to a checkpoint and goes to a place where it plays it. */
  function use(id: string, role: Role, mode: Experiment['mode']): void {
    setMode(mode);
    playIn(role);
    set(role, id);
    const { method, params } = current();
    // A method for one model is to be about this one.
    if (letsChoose(method, role)) remember(method, { ...params, model: role });
    patch(store, { viewed: undefined });
  }

  /** Goes to the first method of the mode that has such a part, unless the one that is set has. */
  function playIn(role: Role): void {
    const has = (method: Method, params: Experiment['params']) =>
      methods[method].roles(params).includes(role) || letsChoose(method, role);
    const { mode, method, params } = current();
    if (has(method, params)) return;
    const other = methodsOf(mode).find((one) => has(one, defaultsOf(methods[one].params)));
    if (other) setMethod(other);
  }

  /** Sets a checkpoint beside the one it was trained from: each alone, on the same problems. */
  function compare(id: string, base: string, role: Role): void {
    setMode('evaluate');
    set('contenders', []);
    set(role, id);
    set(role === 'small' ? 'large' : 'small', base);
    patch(store, { viewed: undefined });
  }

  /** Keeps a count inside its limits. */
  function setCount(key: Counted, value: number): void {
    const { min, max } = LIMITS[key];
    if (Number.isFinite(value)) set(key, Math.min(max, Math.max(min, Math.round(value))));
  }

  /** Sets a knob of the method; a value outside its range changes nothing. */
  function setParam(key: string, value: ParamValue): void {
    const { method, params } = current();
    const spec = methods[method].params[key];
    const checked = spec && checkParam(spec, value);
    if (checked?.ok) remember(method, { ...params, [key]: checked.value });
  }

  function resetParams(): void {
    const { method } = current();
    remember(method, defaultsOf(methods[method].params));
  }

  function remember(method: Method, params: Experiment['params']): void {
    const { knobs } = store.getState();
    const { mode, sweep: before } = current();
    const sweep = mode === 'sweep' ? sweepFor(method as DecodingId, before) : before;
    patch(store, {
      knobs: { ...knobs, [method]: params },
      experiment: suited(current(), recast(current(), { ...current(), method, params, sweep })),
    });
  }

  /** Another method, with its knobs as they were last set. */
  function setMethod(method: Method): void {
    const { knobs } = store.getState();
    const { method: before, params } = current();
    patch(store, { knobs: { ...knobs, [before]: params } });
    remember(method, knobs[method] ?? defaultsOf(methods[method].params));
  }

  function setTask(task: Experiment['task']): void {
    const difficulty = usualDifficulty(current().method, task);
    patch(store, {
      nextExample: 0,
      experiment: recast(current(), { ...current(), task, difficulty }),
    });
  }

  function setDifficulty(difficulty: number): void {
    const checked = checkParam(taskList[current().task].difficulty, difficulty);
    if (!checked.ok) return;
    patch(store, { nextExample: 0, experiment: { ...current(), difficulty } });
  }

  function setPrompt(prompt: string): void {
    set('prompt', prompt.slice(0, LIMITS.prompt.max));
  }

  /** The task's next example under this seed; the same sequence that an evaluation goes through. */
  function newExample(): void {
    const { nextExample } = store.getState();
    const { task, seed, difficulty } = current();
    setPrompt(exampleProblem(task, seed, nextExample, difficulty).prompt);
    patch(store, { nextExample: nextExample + 1 });
  }

  function rollSeed(): void {
    patch(store, { nextExample: 0 });
    setCount('seed', Math.floor(page.random() * 1e6));
  }

  /** Everything as on a first visit, but for the mode. */
  function resetSettings(): void {
    const { mode } = current();
    patch(store, {
      experiment: inMode(defaultExperiment, mode, {}),
      knobs: {},
      nextExample: 0,
      notice: told('Every setting is back at its default.'),
    });
  }

  function setPreference<K extends keyof Preferences>(key: K, value: Preferences[K]): void {
    const preferences = { ...store.getState().preferences, [key]: value };
    patch(store, { preferences });
    writePreferences(page.storage, preferences);
  }

  return {
    set,
    setMode,
    setPlace,
    use,
    compare,
    setCount,
    setParam,
    resetParams,
    setMethod,
    setTask,
    setDifficulty,
    setPrompt,
    newExample,
    rollSeed,
    resetSettings,
    setPreference,
  };
}

/** Is it about one model, which may be the one of this role? */
function letsChoose(method: Experiment['method'], role: Role): boolean {
  const { model } = methods[method].params;
  return model?.kind === 'choice' && model.options.some(({ value }) => value === role);
}
