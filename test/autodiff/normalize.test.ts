import { describe, expect, it } from 'vitest';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { float32Of } from '../../src/onnx/tensor.ts';
import { loadFixture } from './fixtures.ts';
import { relativeError, run } from './run.ts';

describe('normalising', () => {
  it.each(['gpt2', 'llama'] as const)('%s keeps its logits', async (name) => {
    const fixture = loadFixture(name);
    const { graph, parameters, warnings, ties } = normalize(graphFrom(readModel(fixture.onnx)));
    console.log(name, graph.nodes.length, graph.nodes.map((n) => n.op).join(' '), warnings, ties, parameters.map((p) => p.name), [...graph.initializers.keys()], graph.inputs.slice(0,4));
    const weights = Object.fromEntries(
      parameters.map(({ name, dims, tensor }) => [name, { dims, data: float32Of(tensor) }]),
    );
    const { logits } = await run(graph, { ...fixture.feeds, ...weights });
    expect(relativeError(logits!.data, fixture.logits.data as Float32Array)).toBeLessThan(1e-6);
  });
});
