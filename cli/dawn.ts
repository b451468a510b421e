// What a page has and Node has not: `navigator.gpu`, here from Dawn on whatever Vulkan driver the loader finds
// (VK_ICD_FILENAMES names another one), and this project's own files by `fetch`. With both, everything that the page
// does on a GPU runs in Node, ONNX Runtime's browser build included: on machines with a GPU and no screen, and in tests.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { create, globals } from 'webgpu';

const root = resolve(import.meta.dirname, '..');
const ORIGIN = 'http://tandem.invalid';

/** Dawn goes away with the object that `create` gives, whoever still uses it: it stays for as long as the process. */
let gpu: GPU | undefined;

/** Makes this process look like a page's worker. */
export function installDawn(): GPU {
  if (gpu) return gpu;
  gpu = create([]);
  Object.assign(globalThis, globals, { location: new URL(`${ORIGIN}/`) });
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 1, language: 'en', userAgent: 'Node' },
    configurable: true,
  });
  takeSharedMemory();
  serveFiles();
  // A loop with nothing to wait for has Node wait for V8's threads, which optimise ONNX Runtime for minutes.
  setInterval(() => {}, 2 ** 30);
  return gpu;
}

/** ONNX Runtime's memory is shared, which Dawn's binding for Node refuses and browsers take. */
function takeSharedMemory(): void {
  const write = GPUQueue.prototype.writeBuffer;
  GPUQueue.prototype.writeBuffer = function (buffer, at, data, from, size) {
    if (!ArrayBuffer.isView(data) || !(data.buffer instanceof SharedArrayBuffer)) {
      return write.call(this, buffer, at, data as GPUAllowSharedBufferSource, from, size);
    }
    const { BYTES_PER_ELEMENT: unit = 1 } = data as Uint8Array;
    const begin = data.byteOffset + unit * (from ?? 0);
    const end = size === undefined ? data.byteOffset + data.byteLength : begin + unit * size;
    return write.call(this, buffer, at, new Uint8Array(data.buffer).slice(begin, end));
  };
}

/** As the development server answers: a file of `public/`, else one of the project. */
function serveFiles(): void {
  const elsewhere = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, ORIGIN);
    if (url.origin !== ORIGIN && url.protocol !== 'file:') return elsewhere(input, init);
    const path = decodeURIComponent(url.pathname).replace(/^\/@fs\//, '/');
    const places = [join(root, 'public', path), path, join(root, path)];
    const file = places.find((one) => existsSync(one));
    if (!file) return new Response('', { status: 404 });
    const body = readFileSync(file);
    return new Response(body, { headers: { 'content-length': String(body.length) } });
  };
}
