// One symbolic session serves every batch and length, with the gradients of graphs made for just that size.

import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { loadFixture } from './fixtures.ts';
import { type Feeds, floats, int64s, relativeError, run, sessionOf } from './run.ts';
import { weightFeeds } from './torch.ts';

const vocabulary = 97;

/** Ids, a full mask, positions and a cotangent for B rows of T tokens; any fixed numbers will do. */
function feedsFor(B: number, T: number): Feeds {
  const each = (f: (b: number, t: number) => number) =>
    Array.from({ length: B * T }, (_, i) => f(Math.floor(i / T), i % T));
  const dlogits = Array.from({ length: B * T * vocabulary }, (_, i) => Math.sin(i * 12.9898));
  return {
    input_ids: int64s(
      [B, T],
      each((b, t) => (b * 31 + t * 17 + 5) % vocabulary),
    ),
    attention_mask: int64s(
      [B, T],
      each(() => 1),
    ),
    position_ids: int64s(
      [B, T],
      each((_, t) => t),
    ),
    dlogits: floats([B, T, vocabulary], dlogits),
  };
}

describe.each(['gpt2', 'llama'] as const)('%s', (name) => {
  it('has the same gradients from one symbolic session as from concrete graphs', async () => {
    const raw = graphFrom(readModel(loadFixture(name).onnx));
    const { graph, parameters } = normalize(raw);
    const names = parameters.map((parameter) => parameter.name);
    const symbolic = await sessionOf(withCotangents(graph, names).graph);
    for (const [B, T] of [
      [1, 1],
      [2, 8],
      [4, 24],
      [32, 64],
    ] as const) {
      const feeds = { ...feedsFor(B, T), ...weightFeeds(parameters) };
      const bindings = { batch_size: B, sequence_length: T };
      const concrete = withCotangents(normalize(raw, { bindings }).graph, names).graph;
      const [ours, theirs] = [await symbolic.run(feeds), await run(concrete, feeds)];
      for (const output of Object.keys(theirs)) {
        const error = relativeError(ours[output]!.data, theirs[output]!.data);
        expect(error, `${output} at (${B}, ${T})`).toBeLessThanOrEqual(1e-5);
      }
    }
  });
});
