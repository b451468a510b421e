// Play, pause, step and stop for a run: playing is calling next(), pausing is not calling it, a step is
// calling it once, stopping is return(). Events are gathered and handed on at most every 50 ms. A training ends
// itself when it is asked to, because it has something to keep.

import type { RunEvent } from '../core/events.ts';

/** Milliseconds between two messages to the page. */
const POST_EVERY = 50;

export interface Player {
  /** Resolves when the run is over, whatever ended it; rejects when the run failed. */
  readonly over: Promise<void>;
  play(): void;
  pause(): void;
  /** One event, or all that belong to it, then pause. */
  step(): void;
  /** Ends the run after the event that is being made, or lets it end. */
  stop(): void;
  readonly stopped: boolean;
}

interface Options {
  readonly paused?: boolean;
  readonly now?: () => number;
  /** Is a step over with this event? */
  readonly ends?: (event: RunEvent) => boolean;
  /** Whether the run ends in its own way once it is stopped, with events of its own. */
  readonly endsItself?: boolean;
}

/**
 * @param breathe lets other messages in; awaited between any two events. WebAssembly runs without ever
 *   returning to the event loop, so without it no pause would be heard.
 */
export function makePlayer(
  run: AsyncGenerator<RunEvent, void, void>,
  post: (events: readonly RunEvent[]) => void,
  breathe: () => Promise<void> | void,
  {
    paused = false,
    now = () => performance.now(),
    ends = () => true,
    endsItself = false,
  }: Options = {},
): Player {
  /** Events that may still be made; a step allows one. */
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
  const allow = (events: number) => {
    allowed = events;
    wake?.();
  };

  const pull = async (): Promise<void> => {
    try {
      while (true) {
        await breathe();
        if (stopped && !endsItself) break;
        if (allowed <= 0 && !stopped) {
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
