// Every gradient rule against central finite differences on onnxruntime-node: in float64 where the runtime has the
// kernel, which leaves about 1e-10 of error; in float32 (cases marked `single`: Cast by its nature; Erf, FastGelu,
// Gelu, LayerNormalization, MatMulNBits, SimplifiedLayerNormalization and Softplus for want of float64 kernels)
// with the fourth-order formula and a wide step.

import { describe, expect, it } from 'vitest';
import type { RuleCase } from './caseKit.ts';
import { type BuiltCase, buildCase, cases } from './cases.ts';
import { draw } from './draw.ts';
import { relativeError, type Session, sessionOf } from './run.ts';

async function check(rule: RuleCase, built: BuiltCase, seed: number): Promise<number> {
  const forward = await sessionOf(built.forward);
  const probe = draw(rule, built, seed, 0);
  const y = (await forward.run(probe.feeds())).y!;
  const { inputs, dy, feeds, make } = draw(rule, built, seed, y.data.length);
  const joint: Session = await sessionOf(built.joint);
  const results = await joint.run({ ...feeds(), dy: make(y.dims, dy) });
  const h = rule.single ? 1 / 64 : 1e-5;
  const along = async (input: number, element: number, by: number) => {
    const { data } = (await forward.run(feeds({ input, element, by }))).y!;
    return data.reduce((sum, value, i) => sum + (value - y.data[i]!) * dy[i]!, 0);
  };
  let worst = 0;
  for (const [input, { values }] of inputs.entries()) {
    const numeric: number[] = [];
    for (const element of values.keys()) {
      const near = (await along(input, element, h)) - (await along(input, element, -h));
      if (!rule.single) numeric.push(near / (2 * h));
      else {
        const far = (await along(input, element, 2 * h)) - (await along(input, element, -2 * h));
        numeric.push((8 * near - far) / (12 * h));
      }
    }
    const error = relativeError(results[`grad.x${input}`]!.data, numeric, 1e-2);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

for (const [op, list] of Object.entries(cases)) {
  describe(op, () => {
    it('has at least three cases', () => {
      expect(list.length).toBeGreaterThanOrEqual(3);
    });
    for (const [i, rule] of list.entries()) {
      const variants = [
        {},
        { lazy: true },
        ...(rule.concrete ? [] : [{ symbolic: true }, { symbolic: true, lazy: true }]),
      ];
      for (const variant of variants) {
        const label = Object.keys(variant).join(', ') || 'plain';
        it(`${rule.name} (${label})`, async () => {
          const error = await check(rule, buildCase(rule, variant), 7 + i);
          expect(error).toBeLessThanOrEqual(rule.single ? 1e-4 : 1e-9);
        });
      }
    }
  });
}
