// Greedy text of a model file by ONNX Runtime alone: the whole text at every step, no cache, nothing of ours between.

import type { InferenceSession, OrtRuntime, Tensor } from '../../src/models/runtime.ts';

const EMPTY = { float32: () => new Float32Array(0), float16: () => new Uint16Array(0) };

/** Number `index` of a tensor, float16 as its bits or as what the runtime makes of them. */
function numberAt(tensor: Tensor, index: number): number {
  const data = tensor.data as Float32Array | Uint16Array;
  if (tensor.type !== 'float16' || !(data instanceof Uint16Array)) return Number(data[index]);
  const bits = data[index]!;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
}

/** Logits of the last position. */
export async function lastRow(
  session: InferenceSession,
  { Tensor }: Pick<OrtRuntime, 'Tensor'>,
  tokens: readonly number[],
): Promise<number[]> {
  const length = tokens.length;
  const whole = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, length]);
  const feeds: Record<string, Tensor> = {};
  for (const input of session.inputMetadata) {
    if (!input.isTensor) continue;
    if (input.name === 'input_ids') feeds[input.name] = whole(tokens);
    else if (input.name === 'attention_mask') feeds[input.name] = whole(tokens.map(() => 1));
    else if (input.name === 'position_ids') feeds[input.name] = whole(tokens.map((_, i) => i));
    else {
      const type = input.type as keyof typeof EMPTY;
      const dims = [1, Number(input.shape[1]), 0, Number(input.shape[3])];
      feeds[input.name] = new Tensor(type, EMPTY[type](), dims);
    }
  }
  const { logits } = await session.run(feeds, ['logits']);
  const width = logits!.dims[2]!;
  return Array.from({ length: width }, (_, i) => numberAt(logits!, (length - 1) * width + i));
}

export async function greedyByRuntime(
  session: InferenceSession,
  runtime: Pick<OrtRuntime, 'Tensor'>,
  prompt: readonly number[],
  steps: number,
): Promise<number[]> {
  const tokens = [...prompt];
  for (let step = 0; step < steps; step++) {
    const row = await lastRow(session, runtime, tokens);
    tokens.push(row.indexOf(Math.max(...row)));
  }
  return tokens.slice(prompt.length);
}
