// The outermost fields of a protobuf file that may be gigabytes large, read by hopping from field to field: each names
// its own length, so a few small reads are enough to tell an ONNX model from anything else, and whether it is whole.

/** Fields of ModelProto that every ONNX model has: ir_version, graph, opset_import. */
const IR_VERSION = 1;
const GRAPH = 7;
const OPSET_IMPORT = 8;
/** All of its fields; metadata, training info, functions and configurations are the large numbers. */
const FIELDS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26]);
const VARINTS = new Set([IR_VERSION, 5]);
/** A model has a handful, and one opset_import per domain; metadata may be many. */
const MOST_FIELDS = 10_000;

export type OnnxForm =
  | 'whole'
  /** It begins like one and ends too early. */
  | 'cut'
  | 'no';

/** Does this look like an ONNX model? Reads some hundred bytes. */
export async function onnxForm(file: Blob): Promise<OnnxForm> {
  const seen = new Set<number>();
  let at = 0;
  for (let fields = 0; at < file.size; fields++) {
    if (fields > MOST_FIELDS) return 'no';
    const bytes = new Uint8Array(await file.slice(at, at + 24).arrayBuffer());
    const key = varint(bytes, 0);
    if (!key) return begun(seen) ? 'cut' : 'no';
    const field = Math.floor(key.value / 8);
    if (!FIELDS.has(field)) return 'no';
    if (key.value % 8 !== (VARINTS.has(field) ? 0 : 2)) return 'no';
    const value = varint(bytes, key.next);
    if (!value) return begun(seen.add(field)) ? 'cut' : 'no';
    seen.add(field);
    at += value.next + (key.value % 8 === 2 ? value.value : 0);
    if (at > file.size) return begun(seen) ? 'cut' : 'no';
  }
  if (!seen.has(GRAPH)) return 'no';
  return seen.has(OPSET_IMPORT) ? 'whole' : 'cut';
}

const begun = (seen: ReadonlySet<number>) => seen.has(IR_VERSION) || seen.has(GRAPH);

function varint(bytes: Uint8Array, from: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length && at < from + 10; at++, scale *= 128) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}
