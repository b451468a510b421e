// ONNX Runtime's native library for the command line and for tests; plays the part that WebAssembly plays in
// a page.

import { openAsBlob, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type * as OnnxRuntime from 'onnxruntime-node';
import { UserError } from '../src/core/errors.ts';
import { type CheckpointFolder, missingFile } from '../src/models/folder.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';

/** @param threads within one operation; the built-in models are fastest with one */
export async function loadNodeRuntime(threads = 1): Promise<OrtRuntime> {
  const ort: typeof OnnxRuntime = await import('onnxruntime-node');
  return {
    provider: 'wasm',
    Tensor: ort.Tensor,
    createSession: async (model, beside = []) =>
      ort.InferenceSession.create(model, {
        externalData: await Promise.all(
          beside.map(async ({ path, data }) => ({
            path,
            data: data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data,
          })),
        ),
        intraOpNumThreads: threads,
        enableMemPattern: false,
        logSeverityLevel: 4,
      }),
    dispose: async () => {},
  };
}

/** A checkpoint folder on a disk. @throws UserError 'checkpoint' when it is not there */
export function diskFolder(path: string, name = basename(resolve(path))): CheckpointFolder {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(
      'checkpoint',
      `There is no checkpoint ${name}: ${path} is not a folder.`,
      'Give the folder that holds config.json, tokenizer.json and onnx/model.onnx.',
    );
  }
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  return {
    name,
    files: new Set(files),
    // A file of more than 2 GiB cannot be read at once.
    blob: (file) => openAsBlob(join(path, file)),
    async read(file, progress) {
      const bytes = await readFile(join(path, file)).catch(() => {
        throw missingFile(name, file, 'it is not on the disk');
      });
      progress?.(bytes.length, bytes.length);
      return bytes;
    },
  };
}
