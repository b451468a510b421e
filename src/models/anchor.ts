// The smallest ONNX model: y = Identity(x), one float. A session of it keeps a GPUDevice registered with ONNX
// Runtime while real sessions come and go.

/** Protobuf by hand: a length-delimited field. */
const field = (number: number, ...content: number[]): number[] => [
  (number << 3) | 2,
  content.length,
  ...content,
];
const text = (number: number, value: string): number[] =>
  field(number, ...new TextEncoder().encode(value));
const varint = (number: number, value: number): number[] => [number << 3, value];

/** ValueInfoProto: a name and the type float32[1]. */
const value = (name: string): number[] => [
  ...text(1, name),
  ...field(2, ...field(1, ...varint(1, 1), ...field(2, ...field(1, ...varint(1, 1))))),
];

export function anchorModel(): Uint8Array {
  const node = [...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Identity')];
  const graph = [
    ...field(1, ...node),
    ...text(2, 'anchor'),
    ...field(11, ...value('x')),
    ...field(12, ...value('y')),
  ];
  const opset = varint(2, 13);
  return Uint8Array.from([...varint(1, 8), ...field(7, ...graph), ...field(8, ...opset)]);
}
