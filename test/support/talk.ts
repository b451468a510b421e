// A worker's engine on Node's ONNX Runtime, and everything that it has said.
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { createCpuBackend } from '../../src/backend/cpu.ts';
import type { UserError } from '../../src/core/errors.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { defaultExperiment, type Experiment } from '../../src/experiment/experiment.ts';
import { createMemoryShelf } from '../../src/store/memoryShelf.ts';
import type { Shelf } from '../../src/store/shelf.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createEngine, type Engine, type Supplies } from '../../src/worker/engine.ts';
import type { Errand, FromWorker, Hardware, Stored, ToWorker } from '../../src/worker/protocol.ts';

export const processor: Hardware = {
  deviceClass: 'noAdapter',
  adapter: '',
  why: 'No adapter.',
  provider: 'wasm',
  kernels: 'cpu',
  features: [],
};

type Start = Extract<ToWorker, { readonly type: 'start' }>;
type WithoutRequest<T> = T extends Errand ? Omit<T, 'request'> : never;

/** @param shelf of the browser, for engines that share one */
export function talk(changes: Partial<Supplies> = {}, shelf: Shelf = createMemoryShelf()) {
  const said: FromWorker[] = [];
  const loads: string[] = [];
  let heard: () => void = () => {};
  let lose: (error: UserError) => void = () => {};
  let store: Promise<Store> | undefined;
  const runtime = loadNodeRuntime();
  const engine: Engine = createEngine(
    {
      hardware: async () => processor,
      runtime: () => runtime,
      backend: () => createCpuBackend(),
      folder(id) {
        loads.push(id);
        return diskFolder(`public/models/${id}`);
      },
      store: () => (store ??= openStore(shelf)),
      onLost: (listener) => {
        lose = listener;
      },
      explain: async (error) => error,
      ...changes,
    },
    (message) => {
      said.push(message);
      heard();
    },
  );
  const until = async (wanted: () => boolean) => {
    while (!wanted()) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const events = (run: number): RunEvent[] =>
    said.flatMap((one) => (one.type === 'events' && one.run === run ? one.events : []));
  const ended = (run: number) => said.some((one) => one.type === 'ended' && one.run === run);
  const types = (run: number) => events(run).map((event) => event.type);
  const start = (
    run: number,
    experiment: Partial<Experiment> = {},
    paused = false,
    more: Pick<Start, 'resume'> = {},
  ) =>
    engine.receive({
      type: 'start',
      run,
      experiment: { ...defaultExperiment, ...experiment },
      paused,
      ...more,
    });
  let requests = 0;
  /** The errand's one answer. */
  const ask = async (errand: WithoutRequest<Errand>) => {
    const request = ++requests;
    engine.receive({ ...errand, request } as Errand);
    const answers = () =>
      said.filter((one) => 'request' in one && one.request === request && one.type !== 'errand');
    await until(() => answers().length > 0);
    return answers()[0] as FromWorker;
  };
  const stored = () =>
    said.flatMap((one) => (one.type === 'stored' ? [one.stored] : [])).at(-1) as Stored;
  engine.receive({ type: 'hello', baseUrl: 'http://localhost/' });
  return {
    engine,
    said,
    until,
    events,
    ended,
    types,
    start,
    ask,
    stored,
    loads,
    lose: (error: UserError) => lose(error),
  };
}

export const soon = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));
