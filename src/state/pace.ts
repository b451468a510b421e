// What a run says may come faster than a page can show it, above all where models and page share a core. Drawing
// is therefore given a share of the time, and what comes meanwhile is gathered: buttons answer whatever happens.

/** Milliseconds from one batch to the next at least. */
const EVERY_MS = 50;
/** What a batch costs may be at most this share of the time until the next. */
const SHARE = 0.25;

export interface Pace<T> {
  /** Hands on at once when there is time, else together with what comes until then. */
  push(item: T): void;
  /** Hands on what waits, now. */
  flush(): void;
}

export interface Clock {
  now(): number;
  /** Calls back after so many milliseconds, when what was to be done before is done. */
  after(ms: number, call: () => void): void;
}

const clock: Clock = {
  now: () => performance.now(),
  after: (ms, call) => void setTimeout(call, ms),
};

/** @param hand takes one or more items, in their order, and lets the page draw them */
export function pace<T>(hand: (items: readonly T[]) => void, { now, after } = clock): Pace<T> {
  let waiting: T[] = [];
  let due = Number.NEGATIVE_INFINITY;
  let armed = false;
  /** Handed on, and perhaps not yet drawn: messages that have queued up meanwhile come before the drawing is over. */
  let drawing = false;

  function flush(): void {
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    const begun = now();
    drawing = true;
    hand(items);
    after(0, () => {
      drawing = false;
      due = Math.max(begun + EVERY_MS, now() + (now() - begun) * (1 / SHARE - 1));
      if (waiting.length > 0) arm();
    });
  }

  function arm(): void {
    if (armed) return;
    armed = true;
    after(Math.max(0, due - now()), () => {
      armed = false;
      // A batch that could not wait may have put this one off.
      if (drawing || waiting.length === 0) return;
      if (now() < due) arm();
      else flush();
    });
  }

  return {
    push(item) {
      waiting.push(item);
      if (drawing) return;
      if (now() >= due) flush();
      else arm();
    },
    flush,
  };
}
