// Real runs on table models, as the page would receive them: for tests of everything that is a function
// of a run's events.
import { createCpuBackend } from '../../src/backend/cpu.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { uniform } from '../../src/core/rng.ts';
import { ROLES } from '../../src/core/roles.ts';
import { defaultExperiment, type Experiment } from '../../src/experiment/experiment.ts';
import { newRun, type Run, receive } from '../../src/state/run.ts';
import { runExperiment } from '../../src/worker/runExperiment.ts';
import { tableModel } from './tableModel.ts';

const ALPHABET = 'abcd .';
/** Ends a text. */
const EOS = ALPHABET.length;

/** Random models over six characters that agree more or less, one for each role; the same for the same arguments. */
function cast(seed: number, agreement: number) {
  const row = (who: number, prefix: readonly number[]) =>
    Array.from({ length: ALPHABET.length + 1 }, (_, v) => {
      const step = (prefix.at(-1) ?? 0) * 7 + (prefix.at(-2) ?? 0);
      const shared = uniform({ seed, run: 0, step, row: v });
      const own = uniform({ seed, run: who, step, row: v });
      return 6 * (agreement * shared + (1 - agreement) * own) - (v === EOS ? 1 : 0);
    });
  const model = (who: number) => tableModel((prefix) => row(who, prefix), EOS + 1, EOS);
  const others = ROLES.filter((role) => role !== 'small' && role !== 'large');
  return {
    small: model(1),
    large: model(2),
    ...Object.fromEntries(others.map((role, i) => [role, model(3 + i)])),
  };
}

export interface Recording {
  readonly experiment?: Partial<Experiment>;
  /** Which models. */
  readonly models?: number;
  /** 0: strangers, 1: the same model twice. */
  readonly agreement?: number;
}

export const experimentOf = (changes: Partial<Experiment> = {}): Experiment => ({
  ...defaultExperiment,
  prompt: 'ab ',
  maxTokens: 40,
  ...changes,
});

/** Every event of a run. */
export async function record({ experiment, models = 1, agreement = 0.5 }: Recording = {}) {
  const events: RunEvent[] = [];
  const room = {
    models: cast(models, agreement),
    tokenizer: {
      // Characters that the models do not know become one that they do.
      encode: (text: string) => [...text].map((c) => Math.max(0, ALPHABET.indexOf(c))),
      decode: (ids: readonly number[]) => ids.map((id) => ALPHABET[id] ?? '').join(''),
      piece: (id: number) => ALPHABET[id] ?? '',
    },
    ops: createCpuBackend().ops,
  };
  for await (const event of runExperiment(experimentOf(experiment), room)) events.push(event);
  return events;
}

/** The run that the page has after these events. */
export function runWith(events: readonly RunEvent[], changes: Partial<Experiment> = {}): Run {
  const begun = newRun(1, experimentOf(changes), false);
  return receive(begun, { type: 'events', run: 1, events });
}

export async function recordedRun(recording: Recording = {}): Promise<Run> {
  const run = runWith(await record(recording), recording.experiment);
  return receive(run, { type: 'ended', run: 1 });
}
