// The normal form that training starts from, and the traps that exporters set on the way to it.

import { describe, expect, it } from 'vitest';
import { parseDim, show, symbol } from '../../src/onnx/dim.ts';
import { type Graph, int, ints, type Node } from '../../src/onnx/graph.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { trainingBindings } from '../../src/onnx/roles.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';
import { bytesOf, loadFixture } from './fixtures.ts';
import { relativeError, run } from './run.ts';
import { values, weightFeeds } from './torch.ts';

function countOps(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of graph.nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

const BT = [symbol('B'), symbol('T')];

/** A decoder of a few nodes: input_ids (B, T) -> logits. */
function graphOf(
  nodes: readonly Pick<Node, 'op' | 'inputs' | 'outputs'>[],
  tensors: Readonly<Record<string, Tensor>>,
  attributes: Readonly<Record<string, Node['attributes']>> = {},
): Graph {
  return {
    name: 'test',
    inputs: [{ name: 'input_ids', dtype: DataType.int64, shape: BT }],
    outputs: [{ name: 'logits', dtype: DataType.float, shape: [...BT, 4] }],
    initializers: new Map(Object.entries(tensors)),
    nodes: nodes.map((node) => ({
      ...node,
      name: node.outputs[0]!,
      domain: '',
      attributes: attributes[node.outputs[0]!] ?? {},
    })),
    values: new Map(),
    opsets: { '': 17 },
  };
}

const ramp = (dims: readonly number[], start = 0) => {
  const size = dims.reduce((n, dim) => n * dim, 1);
  return tensorOf(
    DataType.float,
    dims,
    Array.from({ length: size }, (_, i) => start + i * 0.1),
  );
};
const embedding = { op: 'Gather', inputs: ['wte', 'input_ids'], outputs: ['x'] };

describe('decoders that torch exported', () => {
  it.each(['gpt2', 'llama'] as const)('%s keeps its logits', async (name) => {
    const fixture = loadFixture(name);
    const { graph, parameters } = normalize(graphFrom(readModel(fixture.onnx)));
    const { logits } = await run(graph, { ...fixture.feeds, ...weightFeeds(parameters) });
    expect(relativeError(logits!.data, values(fixture.logits))).toBeLessThanOrEqual(1e-6);
  });

  it('lose their shape computations', () => {
    const gpt2 = normalize(graphFrom(readModel(loadFixture('gpt2').onnx))).graph;
    const llama = normalize(graphFrom(readModel(loadFixture('llama').onnx))).graph;
    expect(gpt2.nodes).toHaveLength(76);
    expect(countOps(gpt2).Shape).toBe(2);
    expect(llama.nodes).toHaveLength(122);
    const fixed = { batch_size: 3, sequence_length: 7 };
    const concrete = normalize(graphFrom(readModel(loadFixture('llama').onnx)), {
      bindings: fixed,
    });
    expect(countOps(concrete.graph).Shape).toBeUndefined();
  });

  it('get their fused operators back', () => {
    const gpt2 = countOps(normalize(graphFrom(readModel(loadFixture('gpt2').onnx))).graph);
    expect(gpt2).toMatchObject({ LayerNormalization: 5, FastGelu: 2 });
    expect(gpt2.ReduceMean).toBeUndefined();
    const llama = countOps(normalize(graphFrom(readModel(loadFixture('llama').onnx))).graph);
    expect(llama).toMatchObject({ SimplifiedLayerNormalization: 5, Split: 4 });
    expect(llama.Slice).toBeUndefined();
    const small = bytesOf('../fixtures/torch-small/onnx/model.onnx');
    expect(countOps(normalize(graphFrom(readModel(small))).graph)).toMatchObject({ Gelu: 2 });
  });

  it('say what their shapes assume', () => {
    const { warnings } = normalize(graphFrom(readModel(loadFixture('gpt2').onnx)));
    expect(warnings[0]).toBe("Slice node '/h.0/Slice_3' assumes sequence_length <= 64");
  });
});

describe('weights', () => {
  it('of a tied head are one parameter', () => {
    const { parameters, ties } = normalize(graphFrom(readModel(loadFixture('gpt2').onnx)));
    expect([...ties]).toEqual([['onnx::MatMul_650', { source: 'wte.weight', transposed: true }]]);
    expect(parameters.map((parameter) => parameter.name)).not.toContain('onnx::MatMul_650');
  });

  it('that the exporter merged because they were equal are parameters of their own', () => {
    const graph = graphOf(
      [
        embedding,
        { op: 'Identity', inputs: ['b0'], outputs: ['b1'] },
        { op: 'Add', inputs: ['x', 'b0'], outputs: ['y'] },
        { op: 'Add', inputs: ['y', 'b1'], outputs: ['logits'] },
      ],
      { wte: ramp([5, 4]), b0: ramp([4]) },
    );
    expect(normalize(graph).parameters.map((p) => p.name)).toEqual(['wte', 'b0', 'b1']);
  });

  it('of fresh models are not tied for being all alike', () => {
    const ones = (dims: readonly number[]) =>
      tensorOf(DataType.float, dims, new Array<number>(16).fill(1));
    const graph = graphOf([embedding, { op: 'MatMul', inputs: ['x', 'w'], outputs: ['logits'] }], {
      wte: ones([4, 4]),
      w: ones([4, 4]),
    });
    expect(normalize(graph).ties.size).toBe(0);
  });

  it('are found behind a transpose', () => {
    const graph = graphOf(
      [
        embedding,
        { op: 'Transpose', inputs: ['w'], outputs: ['wT'] },
        { op: 'MatMul', inputs: ['x', 'wT'], outputs: ['logits'] },
      ],
      { wte: ramp([5, 4]), w: ramp([4, 4], 3) },
      { wT: { perm: ints([1, 0]) } },
    );
    expect(normalize(graph).parameters.map((p) => p.name)).toEqual(['wte', 'w']);
  });

  it.each([{}, { batch_size: 1, sequence_length: 7 }])(
    'are not inverse frequencies (%j)',
    (bindings) => {
      const raw = graphFrom(readModel(loadFixture('llama').onnx));
      const { graph, parameters } = normalize(raw, { bindings });
      expect(parameters).toHaveLength(21);
      expect(graph.initializers.has('onnx::Expand_629')).toBe(true);
    },
  );

  it('are not masks and not cos/sin tables', () => {
    const table = tensorOf(
      DataType.float,
      [3, 4],
      [1, 1, 1, 1, 0.5, 0.9, 0.2, 0.1, -0.4, 0.6, 0.9, 0.9],
    );
    const graph = graphOf(
      [
        embedding,
        { op: 'Gather', inputs: ['cos', 'input_ids'], outputs: ['c'] },
        { op: 'Mul', inputs: ['x', 'c'], outputs: ['y'] },
        { op: 'Add', inputs: ['y', 'mask'], outputs: ['logits'] },
      ],
      { wte: ramp([5, 4]), cos: table, mask: ramp([2, 4], -9) },
    );
    expect(normalize(graph).parameters.map((p) => p.name)).toEqual(['wte']);
    const chosen = normalize(graph, { trainable: (name) => (name === 'mask' ? true : undefined) });
    expect(chosen.parameters.map((p) => p.name)).toEqual(['wte', 'mask']);
    const frozen = normalize(graph, { trainable: (name) => (name === 'wte' ? false : undefined) });
    expect(frozen.parameters).toEqual([]);
  });
});

describe('slices that tile an axis', () => {
  const numbers = (...n: number[]) => tensorOf(DataType.int64, [n.length], n);
  const slices = (from: readonly (readonly [string, string])[]) =>
    graphOf(
      [
        embedding,
        ...from.map(([start, end], i) => ({
          op: 'Slice',
          inputs: ['x', start, end, 'two'],
          outputs: [`s${i}`],
        })),
        { op: 'Concat', inputs: from.map((_, i) => `s${i}`), outputs: ['logits'] },
      ],
      { wte: ramp([5, 4]), zero: numbers(0), one: numbers(1), two: numbers(2), end: numbers(4) },
      { logits: { axis: int(2) } },
    );

  it('become one Split', () => {
    const counts = countOps(
      normalize(
        slices([
          ['two', 'end'],
          ['zero', 'two'],
        ]),
      ).graph,
    );
    expect(counts).toMatchObject({ Split: 1 });
    expect(counts.Slice).toBeUndefined();
  });

  it('stay as they are if they overlap or leave a gap', () => {
    expect(
      countOps(
        normalize(
          slices([
            ['zero', 'two'],
            ['one', 'end'],
          ]),
        ).graph,
      ).Slice,
    ).toBe(2);
    expect(
      countOps(
        normalize(
          slices([
            ['zero', 'one'],
            ['two', 'end'],
          ]),
        ).graph,
      ).Slice,
    ).toBe(2);
  });
});

describe('what generation leaves open', () => {
  it('is bound for training: the past is empty, masks are as long as the ids', () => {
    const port = (name: string, dtype: number, ...shape: (string | number)[]) => ({
      name,
      dtype,
      shape: shape.map((dim) => parseDim(`${dim}`)),
    });
    const { int64, float } = DataType;
    const graph = {
      ...graphOf([embedding], { wte: ramp([5, 4]) }),
      inputs: [
        port('input_ids', int64, 'batch_size', 'sequence_length'),
        port('attention_mask', int64, 'batch_size', 'past_sequence_length + sequence_length'),
        port('past_key_values.0.key', float, 'other_batch', 4, 'past_sequence_length', 16),
        port('positions', int64, 'rows', 'columns'),
      ],
    };
    const bindings = trainingBindings(graph);
    expect(Object.fromEntries(Object.entries(bindings).map(([k, v]) => [k, show(v)]))).toEqual({
      past_sequence_length: '0',
      other_batch: 'batch_size',
      rows: 'batch_size',
      columns: 'sequence_length',
    });
  });
});
