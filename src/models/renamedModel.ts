// A model's file with its inputs and outputs under their usual names. Only the names change; comes when a model has
// others.

import type { PortRoles } from '../core/modelCard.ts';
import { readModel, writeModel } from '../onnx/model.ts';
import { renameValues } from '../onnx/rename.ts';
import { portsOf } from '../onnx/summary.ts';
import { renamedPorts } from './portNames.ts';
import { checkNodes } from './protoScan.ts';

export interface RenamedModel {
  readonly bytes: Uint8Array;
  /** Name in the file -> usual name. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * The same bytes where nothing is to be renamed.
 * @param file for error texts
 * @param chosen what somebody said
 * @throws UserError 'onnx' for what is no model, 'checkpoint' when what was said cannot be
 */
export function withUsualNames(bytes: Uint8Array, file: string, chosen?: PortRoles): RenamedModel {
  checkNodes(bytes, file);
  const model = readModel(
    new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
  );
  const { inputs, outputs } = portsOf(model);
  const names = renamedPorts(inputs, outputs, chosen);
  if (names.size === 0) return { bytes, names };
  renameValues(model, names);
  return { bytes: writeModel(model), names };
}
