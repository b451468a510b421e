// The starting pair as it was exported, KV cache and all: it can be trained, and what was trained can be written
// back into the file and decoded with its cache.

import { describe, expect, it } from 'vitest';
import { withTokenLogProbs } from '../../src/autodiff/joint.ts';
import { readModel, writeModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { float32Of } from '../../src/onnx/tensor.ts';
import { liftWeights, withWeights } from '../../src/onnx/weights.ts';
import { bytesOf, loadFixture } from './fixtures.ts';
import { type Feeds, floats, int64s, relativeError, run, sessionOf, type Value } from './run.ts';
import { values, weightFeeds } from './torch.ts';

const [B, T, vocabulary] = [2, 9, 79];
const ids = Array.from({ length: B * T }, (_, i) => (i % T === 0 ? 1 : (i * 29 + 7) % vocabulary));
const positions = ids.map((_, i) => i % T);

const feeds: Feeds = {
  input_ids: int64s([B, T], ids),
  attention_mask: int64s(
    [B, T],
    ids.map(() => 1),
  ),
  position_ids: int64s([B, T], positions),
};

describe.each([
  '../fixtures/torch-small',
  '../../public/models/base-small',
  '../../public/models/base-large',
])('%s', (folder) => {
  const bytes = bytesOf(`${folder}/onnx/model.onnx`);
  const model = readModel(bytes);
  const raw = graphFrom(model);
  const normalized = normalize(raw);
  const { graph, parameters } = normalized;
  const caches: Feeds = Object.fromEntries(
    raw.inputs
      .filter((port) => port.name.startsWith('past'))
      .map((port) => [port.name, floats([B, Number(port.shape[1]), 0, Number(port.shape[3])], [])]),
  );

  it('becomes a graph without cache whose logits are those of the file', async () => {
    expect(graph.inputs.slice(0, 3).map((port) => port.name)).toEqual([
      'input_ids',
      'attention_mask',
      'position_ids',
    ]);
    expect(graph.outputs.map((port) => port.name)).toEqual(['logits']);
    const original = await run(bytes, { ...feeds, ...caches });
    const ours = await run(graph, { ...feeds, ...weightFeeds(parameters) });
    expect(relativeError(ours.logits!.data, original.logits!.data)).toBeLessThanOrEqual(1e-6);
  });

  it('learns: one step of gradient descent lowers the loss, and the file written back has the new logits', async () => {
    const joint = withTokenLogProbs(
      graph,
      parameters.map((parameter) => parameter.name),
    );
    const session = await sessionOf(joint.graph);
    const tokens = B * (T - 1);
    const last = ids.map((_, i) => i % T === T - 1);
    const loss: Feeds = {
      targets: int64s(
        [B, T],
        ids.map((_, i) => (last[i] ? 0 : ids[i + 1]!)),
      ),
      weights: floats(
        [B, T],
        last.map((isLast) => (isLast ? 0 : -1 / tokens)),
      ),
    };
    const lossAt = async (weights: Feeds) => {
      const results = await session.run({ ...feeds, ...loss, ...weights });
      const { data } = results.logProbs!;
      const sum = data.reduce(
        (total, logProb, i) => (last[i] ? total : total - logProb / tokens),
        0,
      );
      return { sum, results };
    };
    const start = weightFeeds(parameters);
    const before = await lossAt(start);
    const trained = new Map(
      parameters.map(({ name, tensor }) => {
        const gradient = before.results[joint.gradients.get(name)!]!.data;
        expect(
          gradient.some((g) => g !== 0),
          `gradient of ${name}`,
        ).toBe(true);
        return [name, float32Of(tensor).map((w, i) => w - 0.05 * gradient[i]!)] as const;
      }),
    );
    const stepped: Feeds = Object.fromEntries(
      parameters.map(({ name, dims }): [string, Value] => [
        name,
        { dims, data: trained.get(name)! },
      ]),
    );
    const after = await lossAt(stepped);
    expect(after.sum).toBeLessThan(before.sum);

    const written = writeModel(withWeights(model, normalized, trained));
    const exported = await run(written, { ...feeds, ...caches });
    const ours = await run(graph, { ...feeds, ...stepped });
    expect(relativeError(exported.logits!.data, ours.logits!.data)).toBeLessThanOrEqual(1e-6);
    expect(Object.keys(exported)).toContain('present.0.key');

    // The same without a file: the weights are fed.
    const lifted = writeModel(liftWeights(model, normalized));
    expect(lifted.length).toBeLessThan(bytes.length / 4);
    const fed = await run(lifted, { ...feeds, ...caches, ...stepped });
    expect(Object.keys(fed)).toEqual(Object.keys(exported));
    for (const [output, { data }] of Object.entries(exported)) {
      expect(relativeError(fed[output]!.data, data), output).toBeLessThanOrEqual(1e-6);
    }
  });
});

it.each(['gpt2', 'llama'] as const)(
  '%s, as torch exported it, runs on weights that are fed',
  async (name) => {
    const { onnx, feeds, logits } = loadFixture(name);
    const model = readModel(onnx);
    const normalized = normalize(graphFrom(model));
    const lifted = writeModel(liftWeights(model, normalized));
    const fed = await run(lifted, { ...feeds, ...weightFeeds(normalized.parameters) });
    expect(relativeError(fed.logits!.data, values(logits))).toBeLessThanOrEqual(1e-6);
    // Copies follow what is fed: the same as a file with those weights.
    const doubled = normalized.parameters.map(({ name: key, dims, tensor }): [string, Value] => [
      key,
      { dims, data: float32Of(tensor).map((w) => 2 * w) },
    ]);
    const weights = new Map(
      doubled.map(([key, { data }]) => [key, data as Float32Array<ArrayBuffer>]),
    );
    const written = await run(writeModel(withWeights(model, normalized, weights)), feeds);
    const twice = await run(lifted, { ...feeds, ...Object.fromEntries(doubled) });
    expect(relativeError(twice.logits!.data, written.logits!.data)).toBeLessThanOrEqual(1e-6);
  },
);
