// Node is given ONNX Runtime's build for Node by its package, which has no WebGPU: here the ones for browsers.
import { resolve } from 'node:path';

const dist = resolve(import.meta.dirname, '../node_modules/onnxruntime-web/dist');

/** For Vite's `resolve.alias`. */
export const browserRuntime = [
  { find: /^onnxruntime-web\/(wasm|webgpu|jspi)$/, replacement: `${dist}/ort.$1.bundle.min.mjs` },
];
