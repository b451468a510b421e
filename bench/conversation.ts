// A conversation with the page's own compute worker, without the page around it: what benchmarks measure here is what
// somebody who drops files and presses Run waits for.

import type { Failure } from '../src/core/errors.ts';
import type { RunEvent } from '../src/core/events.ts';
import type { KeptCheckpoint } from '../src/core/kept.ts';
import type { Experiment } from '../src/experiment/experiment.ts';
import { createClient } from '../src/worker/client.ts';
import type { Errand, ForPage } from '../src/worker/protocol.ts';

type WithoutRequest<T> = T extends Errand ? Omit<T, 'request'> : never;
export type Files = ReadonlyMap<string, Blob>;

export interface Outcome {
  readonly events: readonly RunEvent[];
  /** From the message that models are ready to the one that all is over. Milliseconds. */
  readonly ms: number;
}

export interface Conversation {
  /** The errand's one answer. @throws Error when it is refused */
  ask(errand: WithoutRequest<Errand>): Promise<ForPage>;
  /** Drops files and keeps the only checkpoint that they make. */
  drop(name: string, files: Files): Promise<KeptCheckpoint>;
  /** @throws Error when the run fails */
  run(experiment: Experiment): Promise<Outcome>;
  close(): void;
}

const said = ({ message, remedy, details }: Failure) =>
  new Error(`${message} ${remedy} ${details ?? ''}`);

export function converse(): Conversation {
  const client = createClient({
    baseUrl: new URL('/', location.href).href,
    stay: async () => false,
    silenceMs: 600_000,
  });
  let numbers = 0;

  async function ask(errand: WithoutRequest<Errand>): Promise<ForPage> {
    const request = ++numbers;
    return new Promise((resolve, reject) => {
      const leave = client.subscribe((message) => {
        if (!('request' in message) || message.request !== request) return;
        if (message.type === 'errand') return;
        leave();
        if (message.type === 'refused') reject(said(message.failure));
        else resolve(message);
      });
      client.send({ ...errand, request } as Errand);
    });
  }

  return {
    ask,
    async drop(name, all) {
      const files = [...all].map(([path, file]) => ({ path: `${name}/${path}`, file }));
      const looked = await ask({ type: 'look', files });
      const [found] = looked.type === 'looked' ? looked.candidates : [];
      const variant = found?.variants[0]?.path;
      if (!found || variant === undefined) throw new Error(`${name}: no checkpoint`);
      const choice = { name, variant };
      const kept = await ask({ type: 'keepFiles', files, folder: found.folder, choice });
      if (kept.type !== 'checkpointKept') throw new Error(`${name}: ${kept.type}`);
      return kept.checkpoint;
    },
    run(experiment) {
      const run = ++numbers;
      const events: RunEvent[] = [];
      let begun = 0;
      return new Promise((resolve, reject) => {
        const leave = client.subscribe((message) => {
          if (!('run' in message) || message.run !== run) return;
          if (message.type === 'running') begun = performance.now();
          else if (message.type === 'events') events.push(...message.events);
          else if (message.type === 'ended') {
            leave();
            const failed = events.find((event) => event.type === 'failed');
            if (failed) reject(said(failed.failure));
            else resolve({ events, ms: performance.now() - begun });
          }
        });
        client.send({ type: 'start', run, experiment, paused: false });
      });
    },
    close: () => client.dispose(),
  };
}
