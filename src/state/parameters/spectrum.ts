// For the page: see src/worker/spectrumClient.ts.

export { computeSpectrum } from '../../worker/spectrumClient.ts';
