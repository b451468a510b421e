// A decoder of our own: any size, ordinary ONNX, a cache that changes nothing, and open to training.
import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes, tiny } from '../../test/support/ownCheckpoint.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { Logits } from '../core/languageModel.ts';
import { normalize } from '../onnx/normalize.ts';
import { float32Of, sizeOf } from '../onnx/tensor.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { decoderGraph } from './decoderGraph.ts';

function rowsOf(logits: Logits): number[][] {
  if (!(logits instanceof DeviceLogits) || !(logits.source instanceof Float32Array)) {
    throw new Error('not in memory');
  }
  const { source, layout } = logits;
  return Array.from({ length: layout.rows }, (_, r) => {
    const begin = (layout.rowStart + r * layout.rowStep) * layout.stride;
    return [...source.subarray(begin, begin + layout.vocab)];
  });
}
const farthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN))));

describe.each([
  ['tiny', tiny],
  ['one layer, one head', { layers: 1, width: 8, heads: 1, context: 16, vocabulary: 79 }],
  ['three layers', { layers: 3, width: 24, heads: 3, context: 20, vocabulary: 79 }],
])('%s', (_, shape) => {
  it('loads as a checkpoint; greedy with a cache gives what one whole pass gives', async () => {
    const checkpoint = await loadCheckpoint(
      folderOf(modelBytes(shape), shape.context),
      await loadNodeRuntime(),
    );
    const cached = checkpoint.model.decoder(checkpoint.vocab);
    const y = checkpoint.tokenizer.encode('say 47: ');
    const begin = y.length;
    const steps: number[][] = [];
    while (y.length < shape.context) {
      const row = rowsOf(await cached.logits(y, y.length))[0]!;
      steps.push(row);
      y.push(row.indexOf(Math.max(...row)));
    }
    const whole = rowsOf(await checkpoint.model.decoder(checkpoint.vocab).logits(y, begin));
    for (const [i, row] of steps.entries()) {
      expect(farthest(row, whole[i]!)).toBeLessThanOrEqual(1e-5);
    }
    await checkpoint.release();
  });

  it('padding on the left changes nothing', async () => {
    const checkpoint = await loadCheckpoint(
      folderOf(modelBytes(shape), shape.context),
      await loadNodeRuntime(),
    );
    const [short, long] = ['say 4: ', 'say 47: '].map((text) => checkpoint.tokenizer.encode(text));
    const decoder = checkpoint.model.decoder(checkpoint.vocab);
    const together = rowsOf(await decoder.nextLogits([short!, long!]));
    const alone = rowsOf(await decoder.fork().logits(short!, short!.length))[0]!;
    expect(farthest(together[0]!, alone)).toBeLessThanOrEqual(1e-5);
    await checkpoint.release();
  });

  it('normalises without assumptions: every weight is found, the head stays tied, no cache is left', () => {
    const graph = decoderGraph(shape, 1);
    const { parameters, warnings, graph: trainable } = normalize(graph);
    const { layers, width: d, context, vocabulary } = shape;
    const count = parameters.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
    expect(count).toBe(vocabulary * d + context * d + layers * (12 * d * d + 13 * d) + 2 * d);
    expect(warnings).toEqual([]);
    expect(trainable.inputs.slice(0, 3).map((port) => port.name)).toEqual([
      'input_ids',
      'attention_mask',
      'position_ids',
    ]);
    const ops = trainable.nodes.map((node) => node.op);
    expect(ops.filter((op) => op === 'LayerNormalization')).toHaveLength(2 * layers + 1);
    expect(ops.filter((op) => op === 'FastGelu')).toHaveLength(layers);
  });
});

describe('the first weights', () => {
  it('are the seed’s: same seed, same bytes; another seed, other weights', () => {
    expect(modelBytes(tiny, 3)).toEqual(modelBytes(tiny, 3));
    expect(modelBytes(tiny, 3)).not.toEqual(modelBytes(tiny, 4));
  });

  it('are normal with the deviation that they should have', () => {
    const shape = { layers: 2, width: 64, heads: 4, context: 64, vocabulary: 79 };
    const { initializers } = decoderGraph(shape, 11);
    for (const [name, deviation] of [
      ['wte.weight', 0.02],
      ['h.0.attn.c_attn.weight', 1 / 8],
      ['h.1.mlp.c_proj.weight', 1 / 16 / 2],
    ] as const) {
      const values = float32Of(initializers.get(name)!);
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
      const kurtosis =
        values.reduce((sum, x) => sum + (x - mean) ** 4, 0) / values.length / variance ** 2;
      expect(Math.abs(mean)).toBeLessThan(0.05 * deviation);
      expect(Math.abs(Math.sqrt(variance) / deviation - 1)).toBeLessThan(0.05);
      expect(Math.abs(kurtosis - 3)).toBeLessThan(0.3);
    }
  });

  it('a width that the heads do not divide is refused', () => {
    expect(() => decoderGraph({ ...tiny, heads: 3 }, 1)).toThrow('no multiple of 3 heads');
  });
});
