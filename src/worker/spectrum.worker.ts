// Singular values, away from the worker that models wait for.

import { spectrumOf } from '../anatomy/spectrum.ts';
import { toFailure } from '../core/errors.ts';
import type { FromSpectrum, ToSpectrum } from './spectrumClient.ts';

self.onmessage = ({ data }: MessageEvent<ToSpectrum>) => {
  const { values, rows, columns } = data;
  let answer: FromSpectrum;
  try {
    answer = { values: spectrumOf(values, rows, columns) };
  } catch (error) {
    answer = { failure: toFailure(error) };
  }
  self.postMessage(answer);
};
