import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { partition } from '../../src/autodiff/partition.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { loadFixture } from './fixtures.ts';

const nominal = { batch_size: 32, sequence_length: 64 };
const products = new Set(['MatMul', 'Gemm']);

describe.each(['gpt2', 'llama'] as const)('%s in two parts', (name) => {
  const { graph, parameters } = normalize(graphFrom(readModel(loadFixture(name).onnx)));
  const names = parameters.map((parameter) => parameter.name);
  const joint = withCotangents(graph, names);
  it('keeps no more than needed: recompute <= min-cut <= save-all', () => {
    const bytes = (['recompute', 'minCut', 'saveAll'] as const).map(
      (policy) => partition(joint, policy, nominal).bytes,
    );
    expect(bytes[0]).toBe(0);
    expect(bytes[1]).toBeGreaterThan(0);
    expect(bytes[1]).toBeLessThan(bytes[2]!);
  });

  it.each(['saveAll', 'minCut'] as const)('runs no matrix product twice (%s)', (policy) => {
    const parts = partition(joint, policy, nominal);
    const [forward, backward] = [parts.forward, parts.backward].map((part) =>
      part.nodes.filter((node) => products.has(node.op)).map((node) => node.outputs[0]),
    );
    const twice = forward!.filter((output) => backward!.includes(output));
    // Llama's rotary angles depend on no weights and are never kept: (D / 2, 1) times (1, T), next to nothing.
    expect(twice).toEqual(name === 'llama' ? ['/MatMul_output_0'] : []);
  });

  it('computes no cotangent in the forward part', () => {
    const { forward } = partition(joint, 'saveAll', nominal);
    expect(forward.inputs.map((port) => port.name)).not.toContain('dlogits');
  });

  it.each(['saveAll', 'minCut'] as const)(
    'does not read the logits again, so that a loss may overwrite them (%s)',
    (policy) => {
      const { residuals, backward } = partition(joint, policy, nominal);
      expect(residuals).not.toContain('logits');
      expect(backward.inputs.map((port) => port.name)).not.toContain('logits');
    },
  );
});
