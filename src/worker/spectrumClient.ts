// Asks a worker of its own for singular values, and ends it when nobody waits any more.

import type { Failure } from '../core/errors.ts';
import { pageWorker } from './pageWorker.ts';
import spectrumWorkerUrl from './spectrum.worker.ts?worker&url';

export interface ToSpectrum {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}
export type FromSpectrum = { readonly values: number[] } | { readonly failure: Failure };

/** Largest first. Rejects with a Failure, or never when `signal` says that nobody waits. */
export function computeSpectrum(matrix: ToSpectrum, signal: AbortSignal): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const worker = pageWorker(spectrumWorkerUrl, 'spectrum');
    const over = () => worker.terminate();
    signal.addEventListener('abort', over);
    worker.onmessage = ({ data }: MessageEvent<FromSpectrum>) => {
      over();
      if ('values' in data) resolve(data.values);
      else reject(data.failure);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      over();
      reject({
        code: 'runtime',
        message: 'The singular values could not be computed.',
        remedy: 'Try a smaller matrix.',
        details: event.message,
      } satisfies Failure);
    };
    const { values, rows, columns } = matrix;
    worker.postMessage({ values, rows, columns } satisfies ToSpectrum);
  });
}
