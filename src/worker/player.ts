// Play, pause, step and stop for a run: playing is calling next(), pausing is not calling it, a step is
// calling it once, stopping is return(). Events are gathered and handed on at most every 50 ms.

import type { RunEvent } from '../core/events.ts';

/** Milliseconds between two messages to the page. */
const POST_EVERY = 50;

export interface Player {
  /** Resolves when the run is over, whatever ended it; rejects when the run failed. */
  readonly over: Promise<void>;
  play(): void;
  pause(): void;
  /** One step, then pause. */
  step(): void;
  /** Ends the run after the event that is being made. */
  stop(): void;
  readonly stopped: boolean;
}

export interface PlayerOptions {
  readonly paused?: boolean;
  /** Is this the last event of a step? Every event is one by itself, unless this says otherwise. */
  readonly ends?: (event: RunEvent) => boolean;
  readonly now?: () => number;
}

/**
 * @param breathe lets other messages in; awaited between any two events. WebAssembly runs without ever
 *   returning to the event loop, so without it no pause would be heard.
 */
export function makePlayer(
  run: AsyncGenerator<RunEvent, void, void>,
  post: (events: readonly RunEvent[]) => void,
  breathe: () => Promise<void> | void,
  { paused = false, ends = () => true, now = () => performance.now() }: PlayerOptions = {},
): Player {
  /** Steps that may still be made. */
  let allowed = paused ? 0 : Number.POSITIVE_INFINITY;
  let stopped = false;
  let wake: (() => void) | undefined;
  let gathered: RunEvent[] = [];
  let posted = Number.NEGATIVE_INFINITY;

  const flush = () => {
    if (gathered.length > 0) post(gathered);
    gathered = [];
    posted = now();
  };
  const allow = (steps: number) => {
    allowed = steps;
    wake?.();
  };

  const pull = async (): Promise<void> => {
    try {
      while (true) {
        await breathe();
        if (stopped) break;
        if (allowed <= 0) {
          flush();
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
          continue;
        }
        const { done, value } = await run.next();
        if (done) break;
        if (ends(value)) allowed--;
        gathered.push(value);
        if (now() - posted >= POST_EVERY) flush();
      }
    } finally {
      flush();
      await run.return();
    }
  };

  return {
    over: pull(),
    play: () => allow(Number.POSITIVE_INFINITY),
    pause: () => allow(0),
    step: () => allow(allowed === Number.POSITIVE_INFINITY ? 1 : allowed + 1),
    stop() {
      stopped = true;
      wake?.();
    },
    get stopped() {
      return stopped;
    },
  };
}
