// Where the time of a training goes. Waiting is no part of it: only what is timed here counts.

import type { TrainTimes } from '../core/trainEvents.ts';

type Part = keyof TrainTimes;

export interface Stopwatch {
  /** Adds milliseconds to a part. */
  on(part: Part): (ms: number) => void;
  time<T>(part: Part, work: () => Promise<T>): Promise<T>;
  timeSync<T>(part: Part, work: () => T): T;
  /** What was spent since the last time, and in all. */
  take(): { readonly ms: number; readonly times: TrainTimes };
}

export function createStopwatch(now = () => performance.now()): Stopwatch {
  const zero = { data: 0, gradients: 0, update: 0, evaluation: 0 };
  let spent: Record<Part, number> = { ...zero };
  const on = (part: Part) => (ms: number) => {
    spent[part] += ms;
  };
  return {
    on,
    async time(part, work) {
      const began = now();
      const result = await work();
      on(part)(now() - began);
      return result;
    },
    timeSync(part, work) {
      const began = now();
      const result = work();
      on(part)(now() - began);
      return result;
    },
    take() {
      const times = spent;
      spent = { ...zero };
      return { ms: Object.values(times).reduce((sum, ms) => sum + ms, 0), times };
    },
  };
}
