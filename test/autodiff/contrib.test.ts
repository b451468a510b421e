// Fused operators taken apart: the same logits as ONNX Runtime's own kernels, and gradients that agree with finite
// differences *of those kernels* (float32: they have no float64 form, so the fourth-order formula and 2e-3).

import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { lift } from '../../src/onnx/parameters.ts';
import { genAi, modern, optimized } from './contribModels.ts';
import { type Feeds, floats, relativeError, run, sessionOf, type Value } from './run.ts';
import { weightFeeds } from './torch.ts';

const models = {
  'GroupQueryAttention, packed': () => genAi('packed'),
  'GroupQueryAttention, apart': () => genAi('apart'),
  'GroupQueryAttention, positions given': () => genAi('positions'),
  MultiHeadAttention: optimized,
  'ONNX 23': modern,
} as const;

describe.each(Object.entries(models))('%s', (_, make) => {
  const { graph: fused, feeds } = make();
  const { graph, parameters } = normalize(fused);
  const names = parameters.map((parameter) => parameter.name);

  it('has the logits of the fused operators', async () => {
    const [original, ours] = [
      await run(fused, feeds),
      await run(graph, { ...feeds, ...weightFeeds(parameters) }),
    ];
    expect(relativeError(ours.logits!.data, original.logits!.data)).toBeLessThanOrEqual(1e-6);
  });

  it('trains every weight and no rotary table', () => {
    const weights = [...fused.initializers.keys()].filter(
      (name) => !/_cache|^(axes|axis|one)$/.test(name),
    );
    expect([...names].sort()).toEqual(weights.sort());
  });

  it('has gradients that agree with finite differences of the fused operators', async () => {
    const weights = weightFeeds(parameters);
    const forward = await sessionOf(lift(fused, names));
    const { logits } = await forward.run({ ...feeds, ...weights });
    const cotangent = logits!.data.map((__, i) => Math.cos(i * 5.1));
    const gradients = await run(withCotangents(graph, names).graph, {
      ...feeds,
      ...weights,
      dlogits: floats(logits!.dims, cotangent),
    });
    const along = async (name: string, value: Value, by: (i: number) => number) => {
      const data = Float32Array.from(value.data as Float32Array, (w, i) => w + by(i));
      const moved: Feeds = { ...feeds, ...weights, [name]: { dims: value.dims, data } };
      const { data: y } = (await forward.run(moved)).logits!;
      return y.reduce((sum, x, i) => sum + (x - logits!.data[i]!) * cotangent[i]!, 0);
    };
    for (const name of names) {
      const value = weights[name]!;
      const gradient = gradients[`grad.${name}`]!.data;
      // The derivative along the gradient itself is its norm squared over the norm.
      const norm = Math.hypot(...gradient);
      const direction = (i: number) => gradient[i]! / norm;
      const h = 1 / 64;
      const sides = await Promise.all(
        [h, -h, 2 * h, -2 * h].map((s) => along(name, value, (i) => s * direction(i))),
      );
      const numeric = (8 * (sides[0]! - sides[1]!) - (sides[2]! - sides[3]!)) / (12 * h);
      expect(Math.abs(numeric - norm) / norm, name).toBeLessThanOrEqual(2e-3);
      // And along a direction of its own, so that no component is missing.
      const other = (i: number) => Math.sin(i * 3.7 + 1) / Math.sqrt(gradient.length);
      const others = await Promise.all(
        [h, -h, 2 * h, -2 * h].map((s) => along(name, value, (i) => s * other(i))),
      );
      const numericOther = (8 * (others[0]! - others[1]!) - (others[2]! - others[3]!)) / (12 * h);
      const exact = gradient.reduce((sum, g, i) => sum + g * other(i), 0);
      expect(Math.abs(numericOther - exact) / norm, name).toBeLessThanOrEqual(2e-3);
    }
  });
});
