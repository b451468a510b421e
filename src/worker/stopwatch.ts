// Where a training by reward spends its time: what ONNX Runtime computes, phase by phase, and what we do around it.
// Waiting for somebody who has paused is no work and is not counted.

import type { PolicyTimes } from '../core/policyEvents.ts';
import type { OrtRuntime } from '../models/runtime.ts';

export type Phase = 'rollout' | 'scoring' | 'backward' | 'update' | 'evaluation';

export const NO_TIMES: PolicyTimes = {
  rollout: 0,
  scoring: 0,
  backward: 0,
  update: 0,
  own: 0,
  evaluation: 0,
};

export interface Stopwatch {
  /** A runtime whose passes are timed. */
  timed(runtime: OrtRuntime): OrtRuntime;
  /** `work`, as a part of this phase: ONNX Runtime's time goes there, the rest is our own. */
  during<T>(phase: Phase, work: () => Promise<T>): Promise<T>;
  /** Whatever is not in a phase is our own. */
  running<T>(work: () => Promise<T>): Promise<T>;
  /** `work` is waiting. */
  waiting<T>(work: () => Promise<T>): Promise<T>;
  /** The times since the last call. */
  lap(): PolicyTimes;
}

export function createStopwatch(now = () => performance.now()): Stopwatch {
  type Times = { -readonly [K in keyof PolicyTimes]: number };
  let times: Times = { ...NO_TIMES };
  let phase: Phase | undefined;
  /** When what is being timed began, and what of it is spoken for. */
  let spent = 0;

  async function whole<T>(work: () => Promise<T>, lap: (ms: number) => void): Promise<T> {
    const begun = now();
    const before = spent;
    try {
      return await work();
    } finally {
      lap(Math.max(0, now() - begun - (spent - before)));
      spent = before + (now() - begun);
    }
  }

  return {
    timed: (runtime) => ({
      ...runtime,
      async createSession(model) {
        const session = await runtime.createSession(model);
        const run = session.run.bind(session);
        session.run = ((...args: Parameters<typeof run>) =>
          whole(
            () => run(...args),
            (ms) => {
              times[phase ?? 'own'] += ms;
            },
          )) as typeof session.run;
        return session;
      },
    }),
    during(one, work) {
      const before = phase;
      phase = one;
      return whole(work, (ms) => {
        // An update is all ours, and what an evaluation takes is nobody's step.
        times[one === 'update' || one === 'evaluation' ? one : 'own'] += ms;
      }).finally(() => {
        phase = before;
      });
    },
    running: (work) =>
      whole(work, (ms) => {
        times.own += ms;
      }),
    waiting: (work) => whole(work, () => {}),
    lap() {
      const found = times;
      times = { ...NO_TIMES };
      return found;
    },
  };
}
