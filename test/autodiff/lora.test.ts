import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { injectLora, mergeLora } from '../../src/autodiff/lora.ts';
import { uniform } from '../../src/core/rng.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { float32Of } from '../../src/onnx/tensor.ts';
import { loadFixture } from './fixtures.ts';
import { type Feeds, relativeError, run, type Value } from './run.ts';
import { values, weightFeeds } from './torch.ts';

const normal = (index: number) => uniform({ seed: 3, run: 0, step: index, row: 0 }) * 2 - 1;

/** (rows, inner) x (inner, columns) in float64 */
function product(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  rows: number,
  inner: number,
  columns: number,
) {
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * y[k * columns + column]!;
    return sum;
  });
}

/** (rows, columns) as (columns, rows) */
function transposedOf(x: ArrayLike<number>, rows: number, columns: number): number[] {
  return Array.from(
    { length: rows * columns },
    (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  const fixture = loadFixture(name);
  const normalized = normalize(graphFrom(readModel(fixture.onnx)));
  const lora = injectLora(normalized, { rank: 3, alpha: 6, normal });
  const names = lora.parameters.map((parameter) => parameter.name);

  it('starts from the model as it is, and freezes its weights', async () => {
    const { logits } = await run(lora.graph, { ...fixture.feeds, ...weightFeeds(lora.parameters) });
    expect(relativeError(logits!.data, values(fixture.logits))).toBeLessThanOrEqual(1e-6);
    const lifted = lora.graph.inputs
      .map((port) => port.name)
      .filter((input) => !(input in fixture.feeds));
    expect(lifted.sort()).toEqual([...names].sort());
  });

  it('has the gradients of the merged weights: dA = s dW B^T, dB = s A^T dW', async () => {
    const trained = new Map(
      lora.parameters.map((p, i) => {
        const moved = float32Of(p.tensor).map((_, j) => 0.3 * normal(1e6 + 1000 * i + j));
        return [p.name, moved] as const;
      }),
    );
    const adapters: Feeds = Object.fromEntries(
      lora.parameters.map(({ name, dims }): [string, Value] => [
        name,
        { dims, data: trained.get(name)! },
      ]),
    );
    const all = { ...fixture.feeds, dlogits: fixture.dlogits };
    const ours = await run(withCotangents(lora.graph, names).graph, { ...all, ...adapters });
    const merged = mergeLora(normalized, lora.adapters, trained);
    const weights: Feeds = Object.fromEntries(
      normalized.parameters.map(({ name, dims, tensor }): [string, Value] => [
        name,
        { dims, data: merged.get(name) ?? float32Of(tensor) },
      ]),
    );
    const full = normalized.parameters.map((parameter) => parameter.name);
    const theirs = await run(withCotangents(normalized.graph, full).graph, { ...all, ...weights });
    expect(relativeError(ours.logits!.data, theirs.logits!.data)).toBeLessThanOrEqual(1e-5);
    for (const { weight, transposed, a, b, scale } of lora.adapters) {
      const [k = 0, rank = 0] = a.dims;
      const n = b.dims[1] ?? 0;
      const gradient = theirs[`grad.${weight}`]!.data;
      const dW = transposed ? transposedOf(gradient, n, k) : gradient;
      const [A, Bm] = [trained.get(a.name)!, trained.get(b.name)!];
      const dA = product(dW, transposedOf(Bm, rank, n), k, n, rank).map((x) => scale * x);
      const dB = product(transposedOf(A, k, rank), dW, rank, k, n).map((x) => scale * x);
      expect(relativeError(ours[`grad.${a.name}`]!.data, dA), a.name).toBeLessThanOrEqual(1e-5);
      expect(relativeError(ours[`grad.${b.name}`]!.data, dB), b.name).toBeLessThanOrEqual(1e-5);
    }
  });
});
