// What bench/main.ts calls in the browser.
import baseLarge from '../recipes/base-large.json';
import baseSmall from '../recipes/base-small.json';
import { findDevice } from '../src/backend/device.ts';
import { httpFolder, readJson } from '../src/models/folder.ts';
import { makeTokenizer } from '../src/models/tokenizer.ts';
import { loadWasmRuntime } from '../src/models/webRuntime.ts';
import { benchDecoding } from './decoding.ts';
import { benchDials } from './dials.ts';
import { benchFusion } from './fusion.ts';
import { benchKernels } from './kernels.ts';
import { cardOfLarge, closeLarge, fileField, keepLarge, runLarge } from './large.ts';
import { benchLearning } from './learning.ts';
import { beginCycles, cycle } from './loadCycles.ts';
import { benchPasses, benchSteps } from './training.ts';
import { benchTransformers, type TransformersOptions } from './transformers.ts';

const bench = {
  async kernels() {
    const { device, adapter, why } = await findDevice();
    if (!device) throw new Error(`no GPU device to measure on: ${why}`);
    return { adapter, rows: await benchKernels(device) };
  },
  async fusion(mostRows: number) {
    const { device, adapter, why } = await findDevice();
    if (!device) throw new Error(`no GPU device to measure on: ${why}`);
    return { adapter, rows: await benchFusion(device, (line) => console.info(line), mostRows) };
  },
  decoding: benchDecoding,
  transformers: (options: TransformersOptions) => benchTransformers(options, window.computedMs),
  cycles: { begin: beginCycles, cycle },
  large: {
    field: fileField,
    keep: keepLarge,
    card: cardOfLarge,
    run: runLarge,
    close: closeLarge,
  },
  async dials() {
    return benchDials(await loadWasmRuntime(), window.computedMs, (text) => console.info(text));
  },
  async training() {
    const runtime = await loadWasmRuntime();
    // jax-js uses more threads than one where it can, which is where memory can be shared.
    if (globalThis.crossOriginIsolated) throw new Error('the page is isolated: not one thread');
    const { jaxGpt } = await import('./jaxGpt.ts');
    const wasm = await benchSteps(runtime, window.computedMs, { jax: jaxGpt });
    const passes = await benchPasses(runtime, window.computedMs, {
      'base-small': baseSmall.architecture,
      'base-large': baseLarge.architecture,
    });
    return { wasm, passes };
  },
  async learning() {
    const folder = httpFolder(
      'the family’s tokenizer',
      new URL('/recipes/tokenizer/', location.href).href,
    );
    const json = await readJson(folder, 'tokenizer.json');
    const tokenizer = makeTokenizer(
      folder.name,
      json,
      await readJson(folder, 'tokenizer_config.json'),
    );
    const eos = tokenizer.idOf('<eos>');
    if (eos === undefined) throw new Error('the tokenizer has no <eos>');
    const runtime = await loadWasmRuntime();
    return benchLearning(runtime, tokenizer, eos, window.computedMs, (point) =>
      console.info(JSON.stringify(point)),
    );
  },
};

declare global {
  interface Window {
    bench: typeof bench;
    /** Milliseconds that the page's process has computed; bench/main.ts knows. */
    computedMs: () => Promise<number>;
  }
}
window.bench = bench;
