// Answers that a large model writes for a small one, in the time that runs leave: a run that is asked for goes first, and
// the answer that was being written begins anew after it. What there is when it is stopped, or breaks, stays.

import { type Failure, toFailure } from '../core/errors.ts';
import type { Answered } from './align.ts';
import type { Answers } from './errands.ts';
import type { Stopped } from './generation.ts';
import type { Errand, FromWorker } from './protocol.ts';

type AlignErrand = Extract<Errand, { readonly type: 'align' }>;

interface Wish {
  readonly errand: AlignErrand;
  readonly abort: AbortController;
  readonly answers: Answered[];
  resolve(answers: Answers): void;
  /** Nothing is being written for it: runs go first, or another wish. */
  waiting: boolean;
}

interface Host {
  /** There is something to compute. */
  wake(): void;
  /** Resolves when nobody else wants to compute. */
  turn(): Promise<void>;
  /** Does anybody else want to? */
  wanted(): boolean;
  /** Between two events. */
  breathe(): Promise<void>;
  /** Number `index` of the answers; undefined once `stopped` says so. */
  answer(
    errand: AlignErrand,
    index: number,
    stopped: Stopped,
    signal: AbortSignal,
  ): Promise<Answered | undefined>;
  post(message: FromWorker): void;
}

/** Milliseconds between two messages about what was written. */
const POST_EVERY = 50;

export function createAlignments({ wake, turn, wanted, breathe, answer, post }: Host) {
  const wishes: Wish[] = [];
  let current: Wish | undefined;
  /** Wishes that were given up before they were heard of: what is stored had to be opened first. */
  const unheard = new Set<number>();

  async function write(wish: Wish): Promise<Failure | undefined> {
    const { errand, abort, answers } = wish;
    const { request, problems: total } = errand;
    const { signal } = abort;
    const stopped = async () => {
      await breathe();
      return signal.aborted || wanted();
    };
    let posted = Number.NEGATIVE_INFINITY;
    try {
      while (answers.length < total) {
        wish.waiting = true;
        await turn();
        if (signal.aborted) return undefined;
        wish.waiting = false;
        const one = await answer(errand, answers.length, stopped, signal);
        if (!one) continue;
        answers.push(one);
        const loaded = answers.length;
        if (loaded < total && performance.now() - posted < POST_EVERY) continue;
        posted = performance.now();
        const { prompt, completion } = one;
        post({ type: 'errand', request, loaded, total, last: { prompt, completion } });
      }
    } catch (error) {
      if (!signal.aborted) return toFailure(error);
    }
    return undefined;
  }

  return {
    add: (errand: AlignErrand): Promise<Answers> =>
      new Promise((resolve) => {
        if (unheard.delete(errand.request)) return resolve({ answers: [], short: 'stopped' });
        const abort = new AbortController();
        wishes.push({ errand, abort, answers: [], resolve, waiting: true });
        wake();
      }),
    /** Is there anything to write? */
    wished: () => wishes.length > 0,
    /** Writes until nothing is wished for. */
    async work(): Promise<void> {
      for (current = wishes.shift(); current; current = wishes.shift()) {
        const { answers, abort, resolve } = current;
        const failure = await write(current);
        const short = abort.signal.aborted ? 'stopped' : failure;
        resolve({ answers, ...(short && { short }) });
      }
    },
    /** Ends one with what it has. */
    enough(request: number): void {
      const wish = [current, ...wishes].find((one) => one?.errand.request === request);
      if (!wish) {
        unheard.add(request);
        return;
      }
      wish.abort.abort();
      if (wish !== current) wishes.splice(wishes.indexOf(wish), 1);
      if (wish.waiting) wish.resolve({ answers: wish.answers, short: 'stopped' });
    },
  };
}
