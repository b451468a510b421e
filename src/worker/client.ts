// The page's end of the wire. It knows one more thing than the protocol: a worker that computes for ever
// answers nobody, and then the only remedy is to end it and start another. A run never takes the page with it.

import type { Failure } from '../core/errors.ts';
import { askToStay } from '../store/persist.ts';
import computeWorkerUrl from './compute.worker.ts?worker&url';
import { pageWorker } from './pageWorker.ts';
import type { Errand, ForPage, FromWorker, ToWorker } from './protocol.ts';

export interface ClientOptions {
  /** Makes a worker; called again when one had to be ended. */
  readonly worker?: () => Worker;
  /** Where the page is; built-in checkpoints are found relative to it. */
  readonly baseUrl: string;
  /** A worker that has not answered for this long during a run is taken for hung. Milliseconds. */
  readonly silenceMs?: number;
  /** How long a stopped run may take to end before its worker is ended. Milliseconds. */
  readonly stopMs?: number;
  /** Asks the browser not to clear what is stored; called when a checkpoint is first kept. */
  readonly stay?: () => Promise<boolean>;
}

export interface Client {
  send(message: ToWorker): void;
  subscribe(listener: (message: ForPage) => void): () => void;
  /** Stops a run even when the worker no longer answers. */
  stop(run: number): void;
  dispose(): void;
}

type StartMessage = Extract<ToWorker, { readonly type: 'start' }>;

const ASK_EVERY_MS = 1000;

const computeWorker = () => pageWorker(computeWorkerUrl, 'compute');

export function createClient({
  worker: make = computeWorker,
  baseUrl,
  silenceMs = 30_000,
  stopMs = 1500,
  stay = askToStay,
}: ClientOptions): Client {
  const listeners = new Set<(message: ForPage) => void>();
  let worker: Worker | undefined;
  /** Runs that the worker has been asked for and has not ended: the current one, and one that is stopping. */
  const busy = new Map<number, StartMessage>();
  /** Inspections that wait for an answer. */
  const asked = new Set<number>();
  /** Errands that wait for one. */
  const sent = new Set<Errand['request']>();
  /** Those of them that compute with a model, which may hang. */
  const computing = new Set<Errand['request']>();
  let stayed = false;
  /** When the question was put that has not been answered yet. */
  let unanswered: number | undefined;
  let stopping: { readonly run: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  const tell = (message: ForPage) => {
    for (const listener of [...listeners]) listener(message);
  };

  function hear(message: FromWorker): void {
    unanswered = undefined;
    if (message.type === 'alive') return;
    if (message.type === 'ended') settle(message.run);
    if (message.type === 'inspected' || message.type === 'inspectionFailed') {
      asked.delete(message.request);
    }
    if (isAnswer(message)) {
      sent.delete(message.request);
      computing.delete(message.request);
    }
    if (!stayed && keepsSomething(message)) {
      stayed = true;
      void stay().then((stays) => tell({ type: 'stay', stays }));
    }
    tell(message);
  }

  function settle(run: number): void {
    busy.delete(run);
    if (stopping?.run !== run) return;
    clearTimeout(stopping.timer);
    stopping = undefined;
  }

  function begin(): Worker {
    const fresh = make();
    fresh.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (fresh === worker) hear(data);
    });
    fresh.addEventListener('error', (event) => {
      event.preventDefault();
      if (fresh === worker) replace(crashed(event.message));
    });
    worker = fresh;
    fresh.postMessage({ type: 'hello', baseUrl } satisfies ToWorker);
    return fresh;
  }

  /**
   * Ends the worker. What it owed is answered for it: runs end, with `failure` if there is one; a run that
   * was only waiting for another to stop begins anew.
   */
  function replace(failure?: Failure): void {
    const owed = [...busy];
    const unwanted = stopping?.run;
    const requests = [...asked];
    const errands = [...sent];
    worker?.terminate();
    worker = undefined;
    unanswered = undefined;
    asked.clear();
    sent.clear();
    computing.clear();
    for (const [run, start] of owed) {
      settle(run);
      if (unwanted !== undefined && run !== unwanted) {
        send(start);
        continue;
      }
      if (failure) tell({ type: 'events', run, events: [{ type: 'failed', failure }] });
      tell({ type: 'ended', run });
    }
    for (const request of requests) {
      tell({ type: 'inspectionFailed', request, failure: failure ?? stoppedWorker });
    }
    for (const request of errands) {
      tell({ type: 'refused', request, failure: failure ?? stoppedWorker });
    }
  }

  function send(message: ToWorker): void {
    const to = worker ?? begin();
    if (message.type === 'start') busy.set(message.run, message);
    else if (message.type === 'inspect') asked.add(message.request);
    else if ('request' in message) {
      sent.add(message.request);
      if (CAN_HANG.includes(message.type)) computing.add(message.request);
    }
    to.postMessage(message, message.type === 'door' ? [message.port] : []);
  }

  const clock = setInterval(
    () => {
      if (busy.size + computing.size === 0 || !worker) return;
      if (unanswered === undefined) {
        unanswered = performance.now();
        worker.postMessage({ type: 'ping' } satisfies ToWorker);
      } else if (performance.now() - unanswered >= silenceMs) {
        replace(hung(silenceMs));
      }
    },
    Math.min(ASK_EVERY_MS, silenceMs / 2),
  );

  begin();
  return {
    send,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop(run) {
      if (!busy.has(run)) return;
      worker?.postMessage({ type: 'stop', run } satisfies ToWorker);
      // A training has something to keep first, and hears of the stop when its step is done.
      const patience = busy.get(run)?.experiment.mode === 'train' ? silenceMs : stopMs;
      stopping ??= { run, timer: setTimeout(() => replace(), patience) };
    },
    dispose() {
      clearInterval(clock);
      worker?.terminate();
      worker = undefined;
      for (const run of [...busy.keys()]) settle(run);
    },
  };
}

const ANSWERS = [
  'done',
  'dataRead',
  'exported',
  'runKept',
  'runsRead',
  'trainingRead',
  'aligned',
  'told',
  'looked',
  'checkpointKept',
  'tokenized',
  'vocabularies',
  'card',
  'hubListed',
  'fetched',
  'cancelled',
  'refused',
] as const;
/** Errands that read or compute what nobody has vouched for, and may never end. */
const CAN_HANG: readonly ToWorker['type'][] = ['align', 'look', 'card', 'tokenize', 'vocabularies'];
const isAnswer = (
  message: FromWorker,
): message is Extract<FromWorker, { type: (typeof ANSWERS)[number] }> =>
  (ANSWERS as readonly string[]).includes(message.type);

/** A checkpoint was kept where it can stay. */
const keepsSomething = (message: FromWorker): boolean =>
  message.type === 'events'
    ? message.events.some((event) => event.type === 'kept' && !event.checkpoint.temporary)
    : message.type === 'checkpointKept' && !message.checkpoint.temporary;

const hung = (ms: number): Failure => ({
  code: 'timeout',
  message: `The models have not answered for ${Math.round(ms / 1000)} seconds, so they were stopped.`,
  remedy:
    'The checkpoint may hang (an endless loop) or be far too large for this machine: choose another one.',
});

const stoppedWorker: Failure = {
  code: 'timeout',
  message: 'The models were stopped before they could answer.',
  remedy: 'Ask again.',
};

const crashed = (message: string): Failure => ({
  code: 'runtime',
  message: 'The compute worker broke down; a new one has taken its place.',
  remedy: 'Run again. If it happens again, reload the page or choose a smaller checkpoint.',
  details: message || 'no message (often: out of memory)',
});
