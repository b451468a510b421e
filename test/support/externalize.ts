// The same model with its larger weights in a file beside it, as exporters of large models write it.
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import { readModel, writeModel } from '../../src/onnx/model.ts';

export function externalize(bytes: Uint8Array<ArrayBuffer>, location: string) {
  const model = readModel(bytes);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph?.initializer ?? []) {
    const { length } = tensor.rawData;
    if (length < 64) continue;
    parts.push(tensor.rawData);
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries({
      location,
      offset: `${offset}`,
      length: `${length}`,
    }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
    offset += length;
  }
  return { model: writeModel(model), data: new Uint8Array(Buffer.concat(parts)) };
}
