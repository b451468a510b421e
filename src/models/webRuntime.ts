// ONNX Runtime in a browser. Two builds, loaded on demand from the page's own origin: one that can only do
// WebAssembly (half the size, a third faster there), one that can use our GPUDevice. The WebAssembly file is
// fetched here instead of by ONNX Runtime, so that there is progress to show and a failure to explain.

import asyncifyUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiUrl from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { UserError } from '../core/errors.ts';
import { FOUR_GIB } from './addressable.ts';
import { anchorModel } from './anchor.ts';
import { type ByteProgress, download } from './folder.ts';
import type { BesideFile, OrtRuntime } from './runtime.ts';
import { heapBytes, noteMemories } from './wasmHeap.ts';

type Ort = typeof import('onnxruntime-web');

interface Build {
  readonly url: string;
  readonly load: () => Promise<Ort>;
}

const cpuOnly: Build = { url: wasmUrl, load: () => import('onnxruntime-web/wasm') };
const withGpu: Build = { url: asyncifyUrl, load: () => import('onnxruntime-web/webgpu') };
/** Suspends WebAssembly natively instead of by a transform that makes the file half as large again. */
const withGpuNatively: Build = { url: jspiUrl, load: () => import('onnxruntime-web/jspi') };

const builds = new Map<Build, Promise<Ort>>();

/** A build once: ONNX Runtime can be initialised only once per worker. */
function ready(build: Build, progress?: ByteProgress, signal?: AbortSignal): Promise<Ort> {
  const known = builds.get(build);
  if (known) return known;
  const loading = initialise(build, progress, signal);
  builds.set(build, loading);
  // What failed before ONNX Runtime saw it (a download) may be tried again.
  loading.catch(() => builds.delete(build));
  return loading;
}

async function initialise(build: Build, progress?: ByteProgress, signal?: AbortSignal) {
  const url = new URL(build.url, import.meta.url);
  const file = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  const missing = (why: string) =>
    new UserError(
      'runtime',
      `ONNX Runtime (${file}) is missing: ${why}.`,
      'Reload the page without its cache; if it stays so, this copy of the site is incomplete.',
    );
  const what = `ONNX Runtime (${file})`;
  noteMemories();
  const [ort, wasm] = await Promise.all([
    build.load(),
    download(url, { what, missing, progress, signal }),
  ]);
  if (!WebAssembly.validate(wasm.subarray(0, 8))) throw missing('what came is not WebAssembly');
  ort.env.wasm.wasmBinary = wasm;
  // More threads need cross-origin isolation, which would forbid embedding this page anywhere.
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  return ort;
}

/** Models run on one thread in WebAssembly; logits and caches are arrays. */
export async function loadWasmRuntime(
  progress?: ByteProgress,
  signal?: AbortSignal,
): Promise<OrtRuntime> {
  const ort = await ready(cpuOnly, progress, signal);
  const createSession: OrtRuntime['createSession'] = async (model, beside = []) =>
    (await buildFor(ort, beside)).InferenceSession.create(model, {
      executionProviders: ['wasm'],
      externalData: beside,
      // Every pass has another shape: remembered allocation patterns would only pile up.
      enableMemPattern: false,
      enableCpuMemArena: false,
      logSeverityLevel: 3,
    });
  const first = await started(createSession(anchorModel()));
  await first.release();
  return {
    provider: 'wasm',
    Tensor: ort.Tensor,
    createSession,
    addressable: FOUR_GIB,
    heapBytes,
    dispose: async () => {},
  };
}

/** Files beside a model that are read as a whole into this heap, at most. Bytes. */
const LARGE_BESIDE = 256 * 2 ** 20;

/** Large weights beside a model stay where they are with the build that reads a Blob piece by piece. */
async function buildFor(usual: Ort, beside: readonly BesideFile[]): Promise<Ort> {
  const bytes = beside.reduce((sum, { data }) => sum + (data instanceof Blob ? data.size : 0), 0);
  return bytes > LARGE_BESIDE && 'Suspending' in WebAssembly ? ready(withGpuNatively) : usual;
}

/** Models run on `device`; logits and caches stay there. */
export async function loadWebGpuRuntime(
  device: GPUDevice,
  progress?: ByteProgress,
  signal?: AbortSignal,
): Promise<OrtRuntime> {
  const build = 'Suspending' in WebAssembly ? withGpuNatively : withGpu;
  const ort = await ready(build, progress, signal);
  const createSession: OrtRuntime['createSession'] = (model, beside = []) =>
    ort.InferenceSession.create(model, {
      // Per session: a device set in ort.env.webgpu is silently ignored.
      executionProviders: [{ name: 'webgpu', device }],
      externalData: beside,
      preferredOutputLocation: 'gpu-buffer',
      logSeverityLevel: 3,
    });
  // With the last session of a device goes what ONNX Runtime keeps for it, compiled programs included (and,
  // before microsoft/onnxruntime#27634, the device itself); so one session stays.
  const anchor = await started(createSession(anchorModel()));
  return {
    provider: 'webgpu',
    device,
    Tensor: ort.Tensor,
    createSession,
    dispose: () => anchor.release(),
  };
}

/** The first session is the one for which ONNX Runtime starts. */
function started<T>(session: Promise<T>): Promise<T> {
  return session.catch((cause) => {
    throw new UserError(
      'runtime',
      'ONNX Runtime could not start in this browser.',
      'Use a current browser; if this one is, reload the page. The details say what was refused.',
      { cause },
    );
  });
}
