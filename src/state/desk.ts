// Small jobs that the worker does beside the runs: each is sent with a number, waited for in sight of the page, and
// answered once.

import type { Failure } from '../core/errors.ts';
import type { Errand, FetchedFile, ForPage } from '../worker/protocol.ts';
import type { Client } from './runActions.ts';
import { patch, type Store, told } from './store.ts';

/** A small job that the page waits for. */
export interface Waiting {
  readonly type: Errand['type'];
  /** What it is about, for people. */
  readonly what: string;
  /** In [0, 1], where that is known. */
  readonly done?: number;
}

export type DeskMessage = Extract<
  ForPage,
  {
    readonly type:
      | 'stored'
      | 'errand'
      | 'done'
      | 'dataRead'
      | 'exported'
      | 'runKept'
      | 'runsRead'
      | 'trainingRead'
      | 'aligned'
      | 'told'
      | 'looked'
      | 'checkpointKept'
      | 'tokenized'
      | 'vocabularies'
      | 'card'
      | 'hubListed'
      | 'fetching'
      | 'fetched'
      | 'cancelled'
      | 'refused';
  }
>;
export type Answer = Exclude<
  DeskMessage,
  { readonly type: 'stored' | 'errand' | 'fetching' | 'cancelled' | 'refused' }
>;

type Wish = Errand extends infer E ? (E extends Errand ? Omit<E, 'request'> : never) : never;

interface Hopes {
  readonly answered?: (answer: Answer) => void;
  /** In [0, 1], and what the worker said. */
  readonly progress?: (done: number, message: Extract<DeskMessage, { type: 'errand' }>) => void;
  /** Of a download, file by file. */
  readonly fetching?: (files: readonly FetchedFile[]) => void;
  readonly cancelled?: () => void;
  /** Instead of telling what went wrong in the status line. */
  readonly refused?: (failure: Failure) => void;
}

export interface Desk {
  /** Returns the number under which it is waited for. */
  send(errand: Wish, what: string, hopes?: Hopes): number;
  hear(message: DeskMessage): void;
  /** Ends an errand before it is done. */
  cancel(request: number): void;
  /** The way to a server, for the next errand. */
  door(port: MessagePort): void;
}

export function openDesk(store: Store, client: Pick<Client, 'send'>): Desk {
  let last = 0;
  const hoped = new Map<number, Hopes>();
  const waiting = () => store.getState().waiting;
  function settle(request: number): Hopes {
    const { [request]: _, ...others } = waiting();
    patch(store, { waiting: others });
    const hopes = hoped.get(request);
    hoped.delete(request);
    return hopes ?? {};
  }
  return {
    send(errand, what, hopes = {}) {
      const request = ++last;
      hoped.set(request, hopes);
      patch(store, { waiting: { ...waiting(), [request]: { type: errand.type, what } } });
      client.send({ ...errand, request } as Errand);
      return request;
    },
    cancel: (request) => client.send({ type: 'cancel', of: request }),
    door: (port) => client.send({ type: 'door', port }),
    hear(message) {
      switch (message.type) {
        case 'stored':
          return patch(store, { stored: message.stored });
        case 'errand': {
          const { request, loaded, total } = message;
          const before = waiting()[request];
          if (!before || total === undefined || total <= 0) return;
          const done = Math.min(1, loaded / total);
          patch(store, { waiting: { ...waiting(), [request]: { ...before, done } } });
          return hoped.get(request)?.progress?.(done, message);
        }
        case 'fetching':
          return hoped.get(message.request)?.fetching?.(message.files);
        case 'cancelled':
          return settle(message.request).cancelled?.();
        case 'refused': {
          const { refused } = settle(message.request);
          if (refused) return refused(message.failure);
          const { message: text, remedy } = message.failure;
          return patch(store, { notice: told(`${text} ${remedy}`) });
        }
        default:
          return settle(message.request).answered?.(message);
      }
    },
  };
}
