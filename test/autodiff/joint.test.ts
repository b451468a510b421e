import { describe, expect, it } from 'vitest';
import { withCotangents, withTokenLogProbs } from '../../src/autodiff/joint.ts';
import { injectLora } from '../../src/autodiff/lora.ts';
import { uniform } from '../../src/core/rng.ts';
import { symbol } from '../../src/onnx/dim.ts';
import { float, type Graph, int, type Node } from '../../src/onnx/graph.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';
import { loadFixture } from './fixtures.ts';
import { floats, int64s, relativeError, run } from './run.ts';
import { values, weightFeeds } from './torch.ts';

const fixture = loadFixture('llama');
const { graph, parameters } = normalize(graphFrom(readModel(fixture.onnx)));
const names = parameters.map((parameter) => parameter.name);
const weights = weightFeeds(parameters);
const [B, T, V] = [3, 7, 97];

describe('sum of g log p', () => {
  it('has the log-probs of softmax and the gradients of its cotangent g (onehot - p)', async () => {
    const ids = values(fixture.feeds.input_ids!);
    const targets = ids.map((id, i) => (id * 5 + i) % V);
    const g = ids.map((_, i) => Math.cos(i * 1.7));
    const ours = await run(withTokenLogProbs(graph, names).graph, {
      ...fixture.feeds,
      ...weights,
      targets: int64s([B, T], targets),
      weights: floats([B, T], g),
    });
    const logits = values(fixture.logits);
    const logProbs: number[] = [];
    const dlogits = targets.flatMap((target, row) => {
      const z = logits.slice(row * V, (row + 1) * V);
      const max = Math.max(...z);
      const sum = z.reduce((total, x) => total + Math.exp(x - max), 0);
      logProbs.push(z[target]! - max - Math.log(sum));
      return z.map((x, i) => g[row]! * (Number(i === target) - Math.exp(x - max) / sum));
    });
    expect(relativeError(ours.logProbs!.data, logProbs)).toBeLessThanOrEqual(1e-6);
    const theirs = await run(withCotangents(graph, names).graph, {
      ...fixture.feeds,
      ...weights,
      dlogits: floats([B, T, V], dlogits),
    });
    for (const name of names) {
      const [a, b] = [ours[`grad.${name}`]!.data, theirs[`grad.${name}`]!.data];
      expect(relativeError(a, b), name).toBeLessThanOrEqual(1e-5);
    }
  });
});

describe('gradients of any tensor', () => {
  it('of a value within the graph: what the embedding looked up, whose sum by id is the embedding’s', async () => {
    const lookup = graph.nodes.find((node) => node.inputs[0] === 'emb.weight')!.outputs[0]!;
    const joint = withCotangents(graph, [lookup, 'emb.weight']).graph;
    const feeds = { ...fixture.feeds, ...weights, dlogits: fixture.dlogits };
    const results = await run(joint, feeds);
    const [rows, table] = [results[`grad.${lookup}`]!, results['grad.emb.weight']!];
    expect(rows.dims).toEqual([B, T, 64]);
    const sums = new Array<number>(V * 64).fill(0);
    values(fixture.feeds.input_ids!).forEach((id, row) => {
      for (let i = 0; i < 64; i++) sums[id * 64 + i]! += rows.data[row * 64 + i]!;
    });
    expect(relativeError(table.data, sums)).toBeLessThanOrEqual(1e-6);
  });

  it('of a few parameters costs less than of all', () => {
    const all = withCotangents(graph, names).graph.nodes.length;
    const last = withCotangents(graph, ['norm.weight']).graph.nodes.length;
    expect(last - graph.nodes.length).toBeLessThan((all - graph.nodes.length) / 10);
  });

  it('of what nothing depends on is zero', async () => {
    const lookup = graph.nodes.find((node) => node.inputs[0] === 'emb.weight')!.outputs[0]!;
    const shallow = withCotangents({ ...graph, outputs: [] }, ['norm.weight'], lookup).graph;
    const seed = floats([B, T, 64], new Array<number>(B * T * 64).fill(1));
    const results = await run(shallow, { ...fixture.feeds, ...weights, [`d${lookup}`]: seed });
    expect(results['grad.norm.weight']!.data.every((x) => x === 0)).toBe(true);
  });
});

describe('LoRA on a 4-bit matrix', () => {
  const [K, N, block] = [32, 6, 16];
  const bytes = Array.from({ length: (N * K) / 2 }, (_, i) => (i * 53 + 17) % 256);
  const scales = Array.from({ length: (N * K) / block }, (_, i) => 0.02 + 0.01 * (i % 5));
  const table = tensorOf(
    DataType.float,
    [9, K],
    Array.from({ length: 9 * K }, (_, i) => Math.sin(i)),
  );
  const norm = tensorOf(DataType.float, [K], new Array<number>(K).fill(1.5));

  function decoder(last: Partial<Node>, tensors: Readonly<Record<string, Tensor>>): Graph {
    const shape = [symbol('B'), symbol('T')];
    const node = (n: Partial<Node>): Node => ({
      ...{ name: '', op: '', domain: '', inputs: [], outputs: [], attributes: {} },
      ...n,
    });
    return {
      name: 'quantized',
      inputs: [{ name: 'input_ids', dtype: DataType.int64, shape }],
      outputs: [{ name: 'logits', dtype: DataType.float, shape: [...shape, N] }],
      initializers: new Map(Object.entries({ table, norm, ...tensors })),
      nodes: [
        node({ op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['x'] }),
        node({
          op: 'SimplifiedLayerNormalization',
          inputs: ['x', 'norm'],
          outputs: ['n'],
          attributes: { axis: int(-1), epsilon: float(1e-5) },
        }),
        node({ outputs: ['logits'], ...last }),
      ],
      values: new Map(),
      opsets: { '': 17, 'com.microsoft': 1 },
    };
  }

  it('has the gradients of the same matrix in float32', async () => {
    const quantized = decoder(
      {
        op: 'MatMulNBits',
        domain: 'com.microsoft',
        inputs: ['n', 'w', 'scales'],
        attributes: { K: int(K), N: int(N), bits: int(4), block_size: int(block) },
      },
      {
        w: tensorOf(DataType.uint8, [N, K / block, block / 2], bytes),
        scales: tensorOf(DataType.float, [scales.length], scales),
      },
    );
    // (K, N): 4-bit numbers, low half first, minus 8, times the block's scale.
    const dense = Array.from({ length: K * N }, (_, i) => {
      const at = (i % N) * K + Math.floor(i / N);
      const byte = bytes[Math.floor(at / 2)]!;
      return ((at % 2 === 0 ? byte & 15 : byte >> 4) - 8) * scales[Math.floor(at / block)]!;
    });
    const plain = decoder(
      { op: 'MatMul', inputs: ['n', 'w'] },
      { w: tensorOf(DataType.float, [K, N], dense) },
    );
    const normal = (i: number) => uniform({ seed: 1, run: 0, step: i, row: 0 }) - 0.5;
    const gradients = async (source: Graph) => {
      const lora = injectLora(normalize(source), { rank: 2, alpha: 4, normal });
      const adapters = Object.fromEntries(
        lora.parameters.map(({ name, dims }, p) => {
          const size = dims.reduce((n, dim) => n * dim, 1);
          return [
            name,
            floats(
              dims,
              Array.from({ length: size }, (_, i) => normal(99 * p + i)),
            ),
          ];
        }),
      );
      const wrt = [...lora.parameters.map((parameter) => parameter.name), 'x'];
      return run(withCotangents(lora.graph, wrt).graph, {
        ...adapters,
        input_ids: int64s([2, 3], [1, 4, 7, 8, 0, 4]),
        dlogits: floats(
          [2, 3, N],
          Array.from({ length: 6 * N }, (_, i) => Math.cos(i)),
        ),
      });
    };
    const [ours, theirs] = [await gradients(quantized), await gradients(plain)];
    for (const output of ['logits', 'grad.w.lora_A', 'grad.w.lora_B', 'grad.x']) {
      const error = relativeError(ours[output]!.data, theirs[output]!.data);
      expect(error, output).toBeLessThanOrEqual(1e-5);
    }
  });
});
