// The compute worker: owns the GPU device, ONNX Runtime, tokenizers and models, so that the page stays quick
// whatever they do. Here is only what ties the engine to a browser.

import type { Backend } from '../backend/backend.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import { createWebGpuBackend } from '../backend/webgpu.ts';
import { UserError } from '../core/errors.ts';
import { builtinFolder } from '../models/builtin.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from '../models/webRuntime.ts';
import { openBrowserStore } from '../store/browserStore.ts';
import { createEngine } from './engine.ts';
import { createGpu } from './gpu.ts';
import type { ToWorker } from './protocol.ts';

const gpu = createGpu();
/** By device: what belongs to a lost one is not found again. */
const runtimes = new Map<GPUDevice | undefined, Promise<OrtRuntime>>();
const backends = new WeakMap<GPUDevice, Map<string, Backend>>();
const withoutGpu = new Map<string, Backend>();

function deviceFor(what: string): GPUDevice {
  if (gpu.device) return gpu.device;
  throw new UserError(
    'gpu',
    `${what} were to run on the GPU, which is not there any more.`,
    'Run again.',
  );
}

/** Errors that have nothing to do with where something ran. */
function blameless(error: unknown): boolean {
  if (!(error instanceof UserError)) return false;
  return !['runtime', 'onnx', 'checkpoint', 'gpu'].includes(error.code);
}

const engine = createEngine(
  {
    hardware: () => gpu.find(),

    runtime(provider, progress, signal) {
      const device = provider === 'webgpu' ? deviceFor('Models') : undefined;
      const known = runtimes.get(device);
      if (known) return known;
      const runtime = device
        ? loadWebGpuRuntime(device, progress, signal)
        : loadWasmRuntime(progress, signal);
      runtimes.set(device, runtime);
      runtime.catch(() => runtimes.delete(device));
      return runtime;
    },

    backend(kernels, purpose) {
      const { device } = gpu;
      const key = `${kernels} ${purpose}`;
      const shelf = device ? (backends.get(device) ?? new Map()) : withoutGpu;
      if (device) backends.set(device, shelf);
      const backend =
        shelf.get(key) ??
        (kernels === 'webgpu'
          ? createWebGpuBackend(deviceFor('Kernels'))
          : createCpuBackend(device));
      shelf.set(key, backend);
      return backend;
    },

    folder: builtinFolder,

    store: openBrowserStore,

    onLost(listener) {
      gpu.onLost((error) => {
        for (const device of runtimes.keys()) {
          if (device && device !== gpu.device) runtimes.delete(device);
        }
        listener(error);
      });
    },

    async explain(error) {
      return blameless(error) ? error : ((await gpu.loss()) ?? error);
    },
  },
  (message) => self.postMessage(message),
);

self.onmessage = ({ data }: MessageEvent<ToWorker>) => engine.receive(data);
