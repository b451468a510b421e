// A conversation with the compute engine, without a worker around it.

import { diskFolder } from '../../cli/nodeRuntime.ts';
import { createCpuBackend } from '../../src/backend/cpu.ts';
import type { UserError } from '../../src/core/errors.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { defaultExperiment, type Experiment } from '../../src/experiment/experiment.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { createMemoryShelf } from '../../src/store/memoryShelf.ts';
import { openStore } from '../../src/store/store.ts';
import { createEngine, type Engine, type Supplies } from '../../src/worker/engine.ts';
import type { FromWorker, Hardware } from '../../src/worker/protocol.ts';

export const processor: Hardware = {
  deviceClass: 'noAdapter',
  adapter: '',
  why: 'No adapter.',
  provider: 'wasm',
  kernels: 'cpu',
  features: [],
};
/** An engine and everything that it has said. */
export function talkTo(runtime: OrtRuntime, changes: Partial<Supplies> = {}) {
  const said: FromWorker[] = [];
  const loads: string[] = [];
  let heard: () => void = () => {};
  let lose: (error: UserError) => void = () => {};
  const engine: Engine = createEngine(
    {
      hardware: async () => processor,
      runtime: async () => runtime,
      backend: () => createCpuBackend(),
      folder(id) {
        loads.push(id);
        return diskFolder(`public/models/${id}`);
      },
      store: () => openStore(createMemoryShelf()),
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
  const start = (run: number, experiment: Partial<Experiment> = {}, paused = false) =>
    engine.receive({
      type: 'start',
      run,
      experiment: { ...defaultExperiment, ...experiment },
      paused,
    });
  engine.receive({ type: 'hello', baseUrl: 'http://localhost/' });
  return {
    engine,
    said,
    until,
    events,
    ended,
    types,
    start,
    loads,
    lose: (e: UserError) => lose(e),
  };
}
