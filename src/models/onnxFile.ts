// Is this a whole ONNX file? Answered before ONNX Runtime sees it, by walking the top-level fields of the
// protobuf message only (a handful, whatever the size), so that the answer is a sentence and comes at once.
// ModelProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3

import { UserError } from '../core/errors.ts';
import { sniff } from './sniff.ts';

/** Fields of ModelProto; metadata, training info, functions and configurations are the large numbers. */
const FIELDS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]);
/** ir_version and model_version are plain numbers, all others carry a length. */
const VARINTS = new Set([1, 5]);
const IR_VERSION = 1;
const GRAPH = 7;
const OPSET_IMPORT = 8;

/**
 * @param name the file as the person knows it, such as `base-large/onnx/model.onnx`
 * @throws UserError 'onnx' when `bytes` are not a complete ONNX model
 */
export function checkOnnx(bytes: Uint8Array, name: string): void {
  const walk = walkFields(bytes);
  if (walk.verdict === 'complete') {
    if (walk.seen.has(GRAPH) && walk.seen.has(OPSET_IMPORT)) return;
    if (walk.seen.has(GRAPH)) throw cutOff(name, bytes.length, 'ends before its operator sets');
    const kind = sniff(bytes);
    throw kind
      ? notOnnx(name, kind.is, kind.remedy)
      : new UserError(
          'onnx',
          `${name} has the form of an ONNX file but holds no graph.`,
          'Export the model again.',
        );
  }
  const kind = sniff(bytes);
  if (kind) throw notOnnx(name, kind.is, kind.remedy);
  const begun = walk.seen.has(IR_VERSION) || walk.seen.has(GRAPH);
  if (walk.verdict === 'truncated' && begun) {
    throw cutOff(name, bytes.length, `its own header promises at least ${count(walk.needs)}`);
  }
  throw notOnnx(
    name,
    'is not an ONNX model',
    'Use the ONNX export of the model, usually onnx/model.onnx.',
  );
}

const notOnnx = (name: string, is: string, remedy: string) =>
  new UserError('onnx', `Expected an ONNX model, but ${name} ${is}.`, remedy);

const cutOff = (name: string, bytes: number, why: string) =>
  new UserError(
    'onnx',
    `${name} is cut off: it has ${count(bytes)} bytes, and ${why}.`,
    'Download it again, completely.',
  );

const count = (n: number) => n.toLocaleString('en-US');

type Walk = { readonly seen: ReadonlySet<number> } & (
  | { readonly verdict: 'complete' | 'foreign' }
  | { readonly verdict: 'truncated'; readonly needs: number }
);

/** `seen` holds the fields that were read whole, and the one that the file's end cuts. */
function walkFields(bytes: Uint8Array): Walk {
  const seen = new Set<number>();
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.POSITIVE_INFINITY;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === undefined) return { verdict: 'truncated', seen, needs: at };
    const field = Math.floor(key / 8);
    if (!FIELDS.has(field)) return { verdict: 'foreign', seen };
    const wire = key % 8;
    if (wire !== (VARINTS.has(field) ? 0 : 2)) return { verdict: 'foreign', seen };
    const value = varint();
    if (value === Number.POSITIVE_INFINITY) return { verdict: 'foreign', seen };
    seen.add(field);
    if (value === undefined) return { verdict: 'truncated', seen, needs: at };
    if (wire === 2) at += value;
    if (at > bytes.length) return { verdict: 'truncated', seen, needs: at };
  }
  return { verdict: at === 0 ? 'foreign' : 'complete', seen };
}
