// Weights by what they are for: with names that say it, and without.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Graph } from './graph.ts';
import { readModel } from './model.ts';
import { layerByName, parameterPlaces } from './parameterKinds.ts';
import { graphFrom } from './proto.ts';

const read = (path: string): Graph => graphFrom(readModel(new Uint8Array(readFileSync(path))));

/** Every weight and every value under a name that says nothing. */
function anonymous(graph: Graph): Graph {
  const names = new Map<string, string>();
  const rename = (name: string) => {
    if (name === '' || graph.outputs.some((port) => port.name === name)) return name;
    const known = names.get(name) ?? `val_${names.size}`;
    names.set(name, known);
    return known;
  };
  return {
    ...graph,
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
    nodes: graph.nodes.map((node, i) => ({
      ...node,
      name: `${node.op}_${i}`,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
  };
}

/** How many numbers of each kind. */
function count(graph: Graph): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, { kind }] of parameterPlaces(graph)) {
    const size = graph.initializers.get(name)?.dims.reduce((n, dim) => n * dim, 1) ?? 0;
    if (size > 1) sums[kind] = (sums[kind] ?? 0) + size;
  }
  return sums;
}

describe('parameter kinds', () => {
  it('counts a GPT-2 of ours to the number', () => {
    const graph = read('public/models/base-small/onnx/model.onnx');
    const config = JSON.parse(readFileSync('public/models/base-small/config.json', 'utf8'));
    const { n_embd: width, n_layer: layers, n_positions: context, vocab_size: tokens } = config;
    const sums = count(graph);
    expect(sums.embedding).toBe((tokens + context) * width);
    expect(sums.attention).toBe(layers * (4 * width * width + 4 * width));
    expect(sums.mlp).toBe(layers * (8 * width * width + 5 * width));
    expect(sums.norm).toBe((2 * layers + 1) * 2 * width);
  });

  it('knows the layer of what belongs to one', () => {
    const places = parameterPlaces(read('public/models/base-small/onnx/model.onnx'));
    expect(places.get('h.1.mlp.c_fc.weight')).toEqual({ kind: 'mlp', layer: 1 });
    expect(places.get('wte.weight')).toEqual({ kind: 'embedding' });
    expect(layerByName('/model/layers.11/self_attn/q_proj/MatMul')).toBe(11);
    expect(layerByName('transformer.h.3.attn.c_attn.weight')).toBe(3);
    expect(layerByName('/lm_head/MatMul')).toBeUndefined();
  });

  it.each(['gpt2', 'llama'])('finds matrices of torch’s %s without a name to go by', (name) => {
    const named = read(`test/fixtures/autodiff/${name}.onnx`);
    const matrices = (graph: Graph) =>
      [...parameterPlaces(graph)]
        .filter(([weight]) => (graph.initializers.get(weight)?.dims ?? []).length === 2)
        .map(([weight, { kind }]) => `${kind} ${graph.initializers.get(weight)?.dims}`);
    const nameless = matrices(anonymous(named));
    expect(nameless).toEqual(matrices(named));
    for (const kind of ['embedding', 'attention', 'mlp', 'head']) {
      expect(
        nameless.some((one) => one.startsWith(kind)),
        kind,
      ).toBe(true);
    }
  });

  it('takes the norms of queries and keys and of other places for norms', () => {
    const node = (op: string, inputs: string[], output: string) => ({
      name: `/x/${output}`,
      op,
      inputs,
      outputs: [output],
    });
    const places = parameterPlaces({
      initializers: new Map([
        ['model.layers.0.self_attn.q_norm.weight', { dims: [8] }],
        ['model.layers.0.post_attention_layernorm.weight', { dims: [32] }],
        ['model.layers.0.self_attn.q_proj.weight', { dims: [32, 32] }],
        ['model.norm.weight', { dims: [32] }],
        ['lm_head.weight', { dims: [32, 100] }],
      ]),
      nodes: [
        node('MatMul', ['x', 'model.layers.0.self_attn.q_proj.weight'], 'q'),
        node('SimplifiedLayerNormalization', ['q', 'model.layers.0.self_attn.q_norm.weight'], 'qn'),
        node('Mul', ['qn', 'model.layers.0.post_attention_layernorm.weight'], 'p'),
        node('Mul', ['p', 'model.norm.weight'], 'n'),
        node('MatMul', ['n', 'lm_head.weight'], 'logits'),
      ],
    });
    expect([...places.values()].map(({ kind }) => kind)).toEqual([
      'attention',
      'norm',
      'norm',
      'norm',
      'head',
    ]);
  });
});
