// Large exports keep their weights in files beside the .onnx file ("external data"). What trains such a model, measures
// it and exports it reads one file, so they are brought together once, when it is read.

import { UserError } from '../core/errors.ts';
import { externalFiles, readModel, writeModel } from '../onnx/model.ts';
import { withExternalData } from '../onnx/weights.ts';
import { isOutside } from './layout.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The model in one file; the same bytes if it is that already.
 * @param read the file of that name beside the model
 * @throws UserError 'onnx' naming a file that is missing, cut short or outside the folder, and what `read` throws
 *   for other reasons
 */
export async function withoutExternalData(
  bytes: Bytes,
  read: (name: string) => Promise<Uint8Array>,
): Promise<Bytes> {
  const model = readModel(bytes);
  const names = externalFiles(model);
  if (names.length === 0) return bytes;
  const files = new Map<string, Bytes>();
  for (const name of names) {
    if (isOutside(name)) continue;
    try {
      files.set(name, new Uint8Array(await read(name)));
    } catch (error) {
      // That it is not there is said by name of the weights that need it.
      if (!(error instanceof UserError && error.code === 'checkpoint')) throw error;
    }
  }
  return writeModel(withExternalData(model, files));
}
