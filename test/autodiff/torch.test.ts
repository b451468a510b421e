// Gradients of every parameter of two exported decoders against torch autograd, in every way of building the
// graphs. All 2 x 2 x 3 x 2 combinations and the joint graphs.

import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { lower } from '../../src/autodiff/lower.ts';
import { partition } from '../../src/autodiff/partition.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { loadFixture } from './fixtures.ts';
import { asFeeds, relativeError, run } from './run.ts';
import { values, weightFeeds, worstGradient } from './torch.ts';

const tolerance = 1e-5;
const nominal = { batch_size: 3, sequence_length: 7 };

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  const fixture = loadFixture(name);
  const raw = graphFrom(readModel(fixture.onnx));

  describe.each(['symbolic', 'concrete'] as const)('%s', (sizes) => {
    const { graph, parameters } = normalize(raw, sizes === 'concrete' ? { bindings: nominal } : {});
    const feeds = { ...fixture.feeds, ...weightFeeds(parameters), dlogits: fixture.dlogits };
    const names = parameters.map((parameter) => parameter.name);

    describe.each(['fused', 'primitive'] as const)('%s norms', (norms) => {
      const joint = withCotangents(lower(graph, { provider: 'cpu', norms }), names);

      it('joint', async () => {
        const results = await run(joint.graph, feeds);
        expect(relativeError(results.logits!.data, values(fixture.logits))).toBeLessThanOrEqual(
          1e-6,
        );
        expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(tolerance);
      });

      it.each(['saveAll', 'minCut', 'recompute'] as const)('%s', async (policy) => {
        const { forward, backward, residuals } = partition(joint, policy, nominal);
        const { logits, ...kept } = await run(forward, feeds);
        expect(relativeError(logits!.data, values(fixture.logits))).toBeLessThanOrEqual(1e-6);
        expect(Object.keys(kept).sort()).toEqual(
          [...residuals].filter((r) => r !== 'logits').sort(),
        );
        const results = await run(backward, { ...feeds, ...asFeeds({ logits: logits!, ...kept }) });
        expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(tolerance);
      });
    });
  });
});
