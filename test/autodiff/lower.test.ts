import { describe, expect, it } from 'vitest';
import { withCotangents, withTokenLogProbs } from '../../src/autodiff/joint.ts';
import { lower } from '../../src/autodiff/lower.ts';
import { partition } from '../../src/autodiff/partition.ts';
import { GraphBuilder } from '../../src/onnx/builder.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { DataType } from '../../src/onnx/tensor.ts';
import { bytesOf, loadFixture } from './fixtures.ts';
import { asFeeds, type Feeds, floats, int64s, relativeError, run } from './run.ts';
import { values, weightFeeds, worstGradient } from './torch.ts';

const nominal = { batch_size: 32, sequence_length: 64 };

/** int64 values as int32, as WebGPU takes them. */
function int32(feeds: Feeds): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { dims, data }]) => [
      name,
      { dims, data: data instanceof BigInt64Array ? Int32Array.from(data, Number) : data },
    ]),
  );
}

describe('lowering for WebGPU', () => {
  const fixture = loadFixture('llama');
  const { graph, parameters } = normalize(graphFrom(readModel(fixture.onnx)));
  const lowered = lower(graph, { provider: 'webgpu' });
  const joint = withCotangents(
    lowered,
    parameters.map((parameter) => parameter.name),
  ).graph;

  it('takes ids, masks and positions as int32 and has the same gradients', async () => {
    const feeds = {
      ...int32(fixture.feeds),
      ...weightFeeds(parameters),
      dlogits: fixture.dlogits,
    };
    const results = await run(joint, feeds);
    expect(relativeError(results.logits!.data, values(fixture.logits))).toBeLessThanOrEqual(1e-6);
    expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(1e-5);
  });

  it.each(['saveAll', 'minCut', 'recompute'] as const)(
    'has the same gradients in two parts, lowered after the sweep (%s)',
    async (policy) => {
      const seeded = withCotangents(
        graph,
        parameters.map((parameter) => parameter.name),
      );
      const after = { ...seeded, graph: lower(seeded.graph, { provider: 'webgpu' }) };
      const { forward, backward } = partition(after, policy, nominal);
      const feeds = { ...int32(fixture.feeds), ...weightFeeds(parameters) };
      const kept = await run(forward, feeds);
      const given = { ...feeds, ...asFeeds(kept), dlogits: fixture.dlogits };
      const results = await run(backward, given);
      expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(1e-5);
    },
  );

  it('has none of the operators that the provider lacks or computes wrongly', () => {
    const ops = new Set(joint.nodes.map((node) => node.op));
    for (const op of ['SimplifiedLayerNormalization', 'LogSoftmax', 'Sign', 'Sin', 'Cos']) {
      expect(ops).not.toContain(op);
    }
  });

  it('writes log-softmax out without changing it', async () => {
    const plain = withTokenLogProbs(graph, ['emb.weight']).graph;
    const written = lower(plain, { provider: 'webgpu' });
    expect(written.nodes.map((node) => node.op)).not.toContain('LogSoftmax');
    const [B, T] = [3, 7];
    const feeds = { ...fixture.feeds, ...weightFeeds(parameters) };
    const targets = { dims: [B, T], data: fixture.feeds.input_ids!.data };
    const weights = { dims: [B, T], data: Float32Array.from({ length: B * T }, (_, i) => i - 9) };
    const ours = await run(written, int32({ ...feeds, targets, weights }));
    const theirs = await run(plain, { ...feeds, targets, weights });
    for (const output of ['logProbs', 'grad.emb.weight']) {
      expect(relativeError(ours[output]!.data, theirs[output]!.data)).toBeLessThanOrEqual(1e-5);
    }
  });
});

describe('sine and cosine for WebGPU', () => {
  it.each(['Sin', 'Cos'] as const)(
    '%s is exact to float32 at every angle of a long context',
    async (op) => {
      const b = new GraphBuilder();
      const size = 20001;
      b.input('x', DataType.float, [size]);
      const plain = b.toGraph('sine', new Map([['y', b.add(op, ['x'])]]));
      const written = lower(plain, { provider: 'webgpu' });
      expect(written.nodes.map((node) => node.op)).not.toContain(op);
      const angles = Float32Array.from({ length: size }, (_, i) => (i - 10000) / 7.3);
      const { y } = await run(written, { x: { dims: [size], data: angles } });
      const exact = Array.from(angles, op === 'Sin' ? Math.sin : Math.cos);
      expect(relativeError(y!.data, exact)).toBeLessThanOrEqual(2e-7);
    },
  );
});

describe('lowering for wasm', () => {
  it.each(['gpt2', 'llama'] as const)(
    'shares norms and GELU with the gradient (%s)',
    async (name) => {
      const fixture = loadFixture(name);
      const { graph, parameters } = normalize(graphFrom(readModel(fixture.onnx)));
      const names = parameters.map((parameter) => parameter.name);
      const joint = lower(withCotangents(graph, names).graph, { provider: 'wasm' });
      const ops = joint.nodes.map((node) => node.op);
      // One a layer, of GELU in its tanh form or of SwiGLU.
      expect(ops.filter((op) => op === 'Sigmoid')).toHaveLength(2);
      expect(ops.filter((op) => /Norm|Gelu/.test(op))).toEqual([]);
      const feeds = { ...fixture.feeds, ...weightFeeds(parameters), dlogits: fixture.dlogits };
      const results = await run(joint, feeds);
      expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(1e-5);
    },
  );

  it('writes the erf form of GELU out as well', async () => {
    const small = readModel(bytesOf('../fixtures/torch-small/onnx/model.onnx'));
    const { graph, parameters } = normalize(graphFrom(small));
    const plain = withCotangents(
      graph,
      parameters.map((parameter) => parameter.name),
    ).graph;
    const written = lower(plain, { provider: 'wasm' });
    expect(written.nodes.filter((node) => node.op === 'Erf')).toHaveLength(2);
    expect(written.nodes.map((node) => node.op)).not.toContain('Gelu');
    const [B, T] = [2, 3];
    const feeds = {
      ...weightFeeds(parameters),
      input_ids: int64s([B, T], [1, 2, 3, 4, 5, 6]),
      attention_mask: int64s([B, T], [1, 1, 1, 1, 1, 1]),
      position_ids: int64s([B, T], [0, 1, 2, 0, 1, 2]),
      dlogits: floats(
        [B, T, 79],
        Array.from({ length: B * T * 79 }, (_, i) => Math.sin(i)),
      ),
    };
    const [ours, theirs] = [await run(written, feeds), await run(plain, feeds)];
    for (const output of Object.keys(theirs)) {
      const error = relativeError(ours[output]!.data, theirs[output]!.data);
      expect(error, output).toBeLessThanOrEqual(1e-5);
    }
  });
});

describe('a tied head', () => {
  const fixture = loadFixture('gpt2');
  const { graph, parameters } = normalize(graphFrom(readModel(fixture.onnx)));
  const names = parameters.map((parameter) => parameter.name);
  const turned = (nodes: readonly { op: string; inputs: readonly string[] }[]) =>
    nodes.filter((node) => node.op === 'Transpose' && node.inputs[0] === 'wte.weight');

  it('is not transposed on WebGPU, where that would cost a copy of the vocabulary at every run', () => {
    expect(turned(graph.nodes)).toHaveLength(1);
    const joint = withCotangents(lower(graph, { provider: 'webgpu' }), names).graph;
    expect(turned(joint.nodes)).toHaveLength(0);
    const producer = joint.nodes.find((node) => node.outputs[0] === 'grad.wte.weight');
    expect(producer?.op).toBe('Add');
    const parts = joint.nodes.filter((node) => producer?.inputs.includes(node.outputs[0]!));
    expect(parts.map((node) => node.op).sort()).toEqual(['Gemm', 'ScatterND']);
  });
});
