// The compute worker without the worker: messages in, messages out. It computes one thing at a time: a run,
// or between two of its events the answer to a question about a token; when there is no run, what a small model is to
// learn from.

import { UserError } from '../core/errors.ts';
import { answerOne } from './align.ts';
import { createAlignments } from './alignments.ts';
import { createBreath } from './breath.ts';
import { createErrands, isErrand } from './errands.ts';
import { clear, furnish } from './furnish.ts';
import type { Stopped } from './generation.ts';
import { createGround, type Supplies } from './ground.ts';
import { choose, type Uses } from './hardware.ts';
import { createInquiries } from './inquiries.ts';
import { createPerforming, type Job, type Start } from './performing.ts';
import type { Errand, FromWorker, ToWorker } from './protocol.ts';
import { USUAL_SAVE_SECONDS } from './saves.ts';

export type { Supplies } from './ground.ts';

export interface Engine {
  receive(message: ToWorker): void;
}

export function createEngine(supplies: Supplies, post: (message: FromWorker) => void): Engine {
  const ground = createGround(supplies, post, () => inquiries.leave());
  const inquiries = createInquiries(ground, post);
  const breath = createBreath();
  let saveEvery = USUAL_SAVE_SECONDS;
  let job: Job | undefined;
  let next: Job | undefined;
  /** Something computes, so nothing else may. */
  let computing = false;
  /** Runs, or what is done between them, are being seen to. */
  let working = false;
  let pinged = false;
  const alignments = createAlignments({
    wake: () => void work(),
    turn: async () => {
      computing = false;
      await performAll();
      await inquiries.settled();
      computing = true;
    },
    wanted: () => next !== undefined,
    breathe,
    answer: answerFor,
    post,
  });
  const errands = createErrands({
    store: ground.store,
    folderOf: ground.folderOf,
    hardware: ground.hardware,
    forget,
    measured: (id) => ground.loaded(id, { provider: 'wasm' })?.memory,
    breathe: () => breath.take(),
    post,
    answers: alignments.add,
  });
  const perform = createPerforming({
    ground,
    post,
    computing(now) {
      computing = now;
    },
    breathe,
    settled: inquiries.settled,
    saveEvery: () => saveEvery,
    over: errands.tell,
  });

  async function forget(id: string): Promise<void> {
    if (working) {
      throw new UserError(
        'experiment',
        'A run is going on, and may need this checkpoint as it is.',
        'Wait for its end, or stop it first.',
      );
    }
    await inquiries.settled();
    inquiries.forget();
    await ground.drop(id);
  }

  /** Between any two events: messages come in, questions are answered. */
  async function breathe(): Promise<void> {
    if (pinged) post({ type: 'alive' });
    pinged = false;
    await breath.take();
    await inquiries.answerAll();
  }

  /** One answer of the large model, for a small one to learn from. */
  async function answerFor(
    { experiment }: Extract<Errand, { readonly type: 'align' }>,
    index: number,
    stopped: Stopped,
    signal: AbortSignal,
  ) {
    let uses: Uses | undefined;
    try {
      uses = choose(experiment, await ground.hardware());
      // Loaded anew if a run that came between has taken its place.
      const loaded = await ground.load(experiment, ['large'], uses, () => {}, signal);
      const room = furnish(loaded, supplies.backend(uses.kernels, 'run'));
      try {
        return await ground.unlessLost(uses, answerOne(experiment, room, index, stopped));
      } finally {
        clear(room);
      }
    } catch (error) {
      throw await ground.meaning(uses, error);
    }
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    do {
      await performAll();
      await alignments.work();
      computing = false;
    } while (next || alignments.wished());
    working = false;
    await inquiries.answerAll();
  }

  async function performAll(): Promise<void> {
    while (next) {
      job = next;
      next = undefined;
      await inquiries.settled();
      computing = true;
      inquiries.rest();
      await perform(job);
      computing = false;
      job = undefined;
    }
  }

  function begin(start: Start): void {
    stop(job);
    saveEvery = start.saveEvery ?? USUAL_SAVE_SECONDS;
    if (next) post({ type: 'ended', run: next.start.run });
    next = { start, abort: new AbortController(), held: start.paused, steps: 0 };
    void work();
  }

  function stop(one: Job | undefined): void {
    one?.abort.abort();
    one?.player?.stop();
    one?.wake?.();
  }

  function control(one: Job | undefined, type: 'pause' | 'resume' | 'step'): void {
    if (!one) return;
    if (type === 'step') {
      one.player?.step();
      one.steps++;
    } else {
      if (type === 'pause') one.player?.pause();
      else one.player?.play();
      one.steps = 0;
    }
    // A step that has begun is not held up; before the first event there is nothing to hold up.
    one.held = type === 'pause' || (type === 'step' && !one.player);
    if (!one.held) one.wake?.();
  }

  const find = (run: number): Job | undefined => [job, next].find((one) => one?.start.run === run);

  return {
    receive(message) {
      switch (message.type) {
        case 'hello':
          ground.at(message.baseUrl);
          void ground.hardware().catch(() => {}); // a run that needs it will say why
          void errands.tell();
          return;
        case 'hidden':
          if (computing) job?.training?.hidden();
          else inquiries.after(() => job?.training?.save());
          return;
        case 'ping':
          // While events are made, only the next one shows that they still come.
          if (computing && job?.player) pinged = true;
          else post({ type: 'alive' });
          return;
        case 'start':
          begin(message);
          return;
        case 'pause':
        case 'resume':
        case 'step':
          return control(find(message.run), message.type);
        case 'adjust':
          find(message.run)?.training?.adjust?.(message.role, message.learningRate);
          return;
        case 'saveEvery':
          saveEvery = message.seconds;
          return;
        case 'stop':
          return stop(find(message.run));
        case 'enough':
          return alignments.enough(message.of);
        case 'door':
          return errands.door(message.port);
        case 'cancel':
          return errands.cancel(message.of);
        case 'inspect':
        case 'ask':
          inquiries.put(message);
          if (!computing) void inquiries.answerAll();
          return;
        default:
          if (isErrand(message)) void errands.run(message);
      }
    },
  };
}
