// The ONNX file itself. Reading and writing keep everything, so that a file read and written again is the same
// bytes: protobuf does the coding (onnx-buf, which keeps unknown fields), and whoever changes weights changes
// them in this message and not in a graph rebuilt from our own, narrower picture of it.

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import { UserError } from '../core/errors.ts';

export type { ModelProto } from 'onnx-buf';

/** What a file that is not ONNX might be, by its first bytes. */
function describeForeign(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 16));
  if (bytes.length === 0) return 'This file is empty.';
  if (head.startsWith('GGUF')) return 'This is a GGUF file, not an ONNX model.';
  if (head.startsWith('PK'))
    return 'This is a zip archive (or a PyTorch checkpoint), not an ONNX model.';
  if (head[8] === '{') return 'This is a safetensors file, not an ONNX model.';
  if (/^\s*[{[]/.test(head)) return 'This is a JSON file, not an ONNX model.';
  if (/^\s*</.test(head)) return 'This is a web page (HTML or XML), not an ONNX model.';
  if (head.startsWith('version https'))
    return 'This is a Git LFS pointer, not the ONNX model itself.';
  return 'This is not an ONNX model.';
}

const exportHint =
  'Choose the .onnx file of an export made with torch.onnx, Optimum or the ONNX Runtime GenAI builder.';

/**
 * Decodes a .onnx file; tensor bytes are views into `bytes`.
 * Throws UserError 'onnx' for what is not ONNX and for a file that was cut short.
 */
export function readModel(bytes: Uint8Array<ArrayBuffer>): ModelProto {
  // Field 1 (ir_version, a varint) opens every file that an exporter writes; field 7 is the graph.
  const looksLikeOnnx = bytes[0] === 0x08 || bytes[0] === 0x3a;
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw looksLikeOnnx
      ? new UserError(
          'onnx',
          `The ONNX file ends early or is damaged (${bytes.length} bytes).`,
          'Download or export it again and check its size.',
          { cause },
        )
      : new UserError('onnx', describeForeign(bytes), exportHint, { cause });
  }
  if (model.graph === undefined || (model.graph.node.length === 0 && !looksLikeOnnx)) {
    throw new UserError('onnx', describeForeign(bytes), exportHint);
  }
  return model;
}

/** Encodes a model; `writeModel(readModel(bytes))` equals `bytes` for files in canonical field order. */
export function writeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}

/** Names of the files beside the model in which it keeps tensors (external data), sorted. */
export function externalFiles(model: ModelProto): string[] {
  const files = new Set<string>();
  for (const tensor of model.graph?.initializer ?? []) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    files.add(tensor.externalData.find((entry) => entry.key === 'location')?.value ?? '?');
  }
  return [...files].sort();
}
