// A float16 model whose logits come out as float32, as everything that reads logits expects: a Cast at the end of the
// graph. The file is not decoded for that. In protobuf a message that is given twice is merged, and lists are
// appended to, so a second, tiny graph behind the file's last byte adds a node and an output to the first
// (https://protobuf.dev/programming-guides/encoding/#last-one-wins).

import { fieldsOf, GRAPH, MODEL, NODE, within } from './protoScan.ts';

/** What the cast output is called. */
export const FLOAT_LOGITS = 'logits.float32';
const LOGITS = 'logits';
const FLOAT = 1;
const FLOAT16 = 10;

const PORT = { name: 1, type: 2 };
const TENSOR_TYPE = { tensor: 1, elemType: 1, shape: 2, dim: 1 };
const ATTRIBUTE = { name: 1, i: 3, type: 20 };
const INT = 2;

function hasHalfLogits(model: Uint8Array): boolean {
  for (const { number, bytes: graph } of fieldsOf(model)) {
    if (number !== MODEL.graph || !graph) continue;
    for (const { number: field, bytes: port } of fieldsOf(graph)) {
      if (field !== GRAPH.output || !port) continue;
      const name = new TextDecoder().decode(within(port, PORT.name)?.bytes);
      const type = within(within(port, PORT.type)?.bytes, TENSOR_TYPE.tensor)?.bytes;
      if (name === LOGITS && within(type, TENSOR_TYPE.elemType)?.value === FLOAT16) return true;
    }
  }
  return false;
}

/** Shorter than 128 bytes each, so that every length is one byte. */
const message = (number: number, ...parts: readonly (readonly number[])[]): number[] => {
  const content = parts.flat();
  return [number * 8 + 2, content.length, ...content];
};
const plain = (number: number, value: number): number[] =>
  number < 16 ? [number * 8, value] : [((number * 8) & 0x7f) | 0x80, (number * 8) >> 7, value];
const name = (number: number, text: string): number[] =>
  message(number, [...new TextEncoder().encode(text)]);

function tail(): number[] {
  const to = [name(ATTRIBUTE.name, 'to'), plain(ATTRIBUTE.i, FLOAT), plain(ATTRIBUTE.type, INT)];
  const cast = message(
    GRAPH.node,
    name(NODE.input, LOGITS),
    name(NODE.output, FLOAT_LOGITS),
    name(NODE.name, FLOAT_LOGITS),
    name(NODE.opType, 'Cast'),
    message(NODE.attribute, ...to),
  );
  const dims = [1, 2, 3].map(() => message(TENSOR_TYPE.dim));
  const type = message(
    TENSOR_TYPE.tensor,
    plain(TENSOR_TYPE.elemType, FLOAT),
    message(TENSOR_TYPE.shape, ...dims),
  );
  const port = message(GRAPH.output, name(PORT.name, FLOAT_LOGITS), message(PORT.type, type));
  return message(MODEL.graph, cast, port);
}

/** The same bytes where logits are no float16. */
export function withFloatLogits(model: Uint8Array): Uint8Array {
  if (!hasHalfLogits(model)) return model;
  const more = tail();
  const whole = new Uint8Array(model.length + more.length);
  whole.set(model);
  whole.set(more, model.length);
  return whole;
}
