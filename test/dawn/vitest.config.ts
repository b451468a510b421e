// The tests of the `gpu` project without a browser: in Node, on whatever Vulkan driver Dawn finds, with ONNX Runtime's
// browser builds. For machines that have a GPU but no screen. Not part of `npm test`:
//   npm run test:dawn
// A driver is found by the Vulkan loader; VK_ICD_FILENAMES names another one.
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { browserRuntime } from '../../scripts/browserRuntime.mjs';

export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  resolve: { alias: browserRuntime },
  test: {
    name: 'dawn',
    environment: 'node',
    include: ['{src,test}/**/*.gpu.test.ts'],
    // A browser's file system, which Node does not have.
    exclude: ['src/store/opfsShelf.gpu.test.ts'],
    setupFiles: ['test/dawn/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
