import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { loadFixture } from './fixtures.ts';
import { run } from './run.ts';
import { weightFeeds, worstGradient } from './torch.ts';

describe('gradients equal torch autograd', () => {
  it.each(['gpt2', 'llama'] as const)('%s', async (name) => {
    const fixture = loadFixture(name);
    const { graph, parameters } = normalize(graphFrom(readModel(fixture.onnx)));
    const joint = withCotangents(graph, parameters.map((p) => p.name));
    console.log(joint.graph.nodes.length);
    const results = await run(joint.graph, { ...fixture.feeds, ...weightFeeds(parameters), dlogits: fixture.dlogits });
    const w = worstGradient(fixture, parameters, results);
    console.log(name, w);
    expect(w).toBeLessThan(1e-5);
  });
});
