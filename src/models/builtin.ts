// The folder of a built-in checkpoint, below the page's own address.

import { UserError } from '../core/errors.ts';
import { type CheckpointFolder, httpFolder } from './folder.ts';
import { type BuiltinCheckpoint, manifest } from './manifest.ts';

const known: Readonly<Record<string, BuiltinCheckpoint>> = manifest;

/**
 * @param baseUrl where the page is
 * @throws UserError 'checkpoint' when `id` is not in the manifest
 */
export function builtinFolder(id: string, baseUrl: string): CheckpointFolder {
  const checkpoint = Object.hasOwn(known, id) ? known[id] : undefined;
  if (!checkpoint) {
    throw new UserError(
      'checkpoint',
      `There is no checkpoint named ${id}.`,
      `Choose one of ${Object.keys(known).join(', ')}.`,
    );
  }
  const url = new URL(`models/${checkpoint.folder}/`, baseUrl).href;
  return httpFolder(id, url, { 'onnx/model.onnx': checkpoint.bytes });
}
