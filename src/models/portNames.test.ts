// Decoders whose inputs and outputs are called or laid out otherwise run, learn and read batches as the usual ones do.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { CONTEXT, familyGraph } from '../../test/families/index.ts';
import {
  nameless,
  namelessRoles,
  numbered,
  paired,
  positionsFirst,
} from '../../test/families/ports.ts';
import { folderOf } from '../../test/support/ownCheckpoint.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { LanguageModel, Logits } from '../core/languageModel.ts';
import type { PortCard, PortRoles } from '../core/modelCard.ts';
import type { Graph } from '../onnx/graph.ts';
import { readModel, writeModel } from '../onnx/model.ts';
import { modelFrom } from '../onnx/proto.ts';
import { portsOf, summarize } from '../onnx/summary.ts';
import { canonical, MODEL_PATH } from './canonical.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { renamedPorts } from './portNames.ts';
import { signatureOf } from './signatureOf.ts';
import { jointGraph } from './trainingGraph.ts';

const expected: Record<string, number[]> = JSON.parse(
  readFileSync('test/families/greedy.json', 'utf8'),
);
const PROMPT = [1, 17, 30, 22, 41];

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
const next = async (model: LanguageModel, y: readonly number[]) => {
  const [row] = rowsOf(await model.logits(y, y.length));
  return row!.indexOf(Math.max(...row!));
};
const farthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN))));

const llama = familyGraph('llama');
const forms: [string, Graph, PortRoles | undefined][] = [
  ['past_0, past_1 ..., outputs in another order', numbered(llama), undefined],
  ['[batch, positions, heads, width]', positionsFirst(llama), undefined],
  ['keys and values in one, before the batch', paired(llama), undefined],
  ['numbered, of positions first', numbered(positionsFirst(llama)), undefined],
  ['names that say nothing, and somebody who says it', nameless(llama), namelessRoles(llama)],
];

describe.each(forms)('%s', (_, graph, ports) => {
  const bytes = writeModel(modelFrom(graph));
  const folder = { ...folderOf(bytes, CONTEXT), ...(ports && { ports }) };

  it('writes what the usual form writes; rollbacks and batches change nothing', async () => {
    const runtime = await loadNodeRuntime();
    const checkpoint = await loadCheckpoint(folder, runtime);
    try {
      const model = checkpoint.model.decoder(checkpoint.vocab);
      const y = [...PROMPT];
      while (y.length < PROMPT.length + 16) y.push(await next(model, y));
      expect(y.slice(PROMPT.length)).toEqual(expected.llama);
      const other = [...y.slice(0, 7), 5, 9, 33];
      const rolled = rowsOf(await model.logits(other, 8));
      const whole = rowsOf(await model.fork().logits(other, 8));
      for (const [i, row] of rolled.entries()) expect(farthest(row, whole[i]!)).toBeLessThan(1e-4);
      // Rows are reordered, repeated and left out between two passes.
      const first = [[...PROMPT], [...PROMPT, 7], [...y.slice(0, 9)]];
      await model.nextLogits(first);
      const second = [2, 0, 0, 1].map((row, i) => [...first[row]!, 11 + i]);
      const together = rowsOf(await model.nextLogits(second));
      for (const [i, one] of second.entries()) {
        const [apart] = rowsOf(await model.fork().logits(one, one.length));
        expect(farthest(together[i]!, apart!), `row ${i}`).toBeLessThan(1e-4);
      }
    } finally {
      await checkpoint.release();
    }
  });

  it('can be trained', async () => {
    const usual = new Uint8Array(await (await canonical(folder)).read(MODEL_PATH));
    const joint = jointGraph(usual);
    expect(joint.normalized.parameters.map(({ name }) => name)).toEqual(
      jointGraph(writeModel(modelFrom(llama))).normalized.parameters.map(({ name }) => name),
    );
  });
});

describe('what is not understood', () => {
  const bytes = writeModel(modelFrom(nameless(llama)));
  const { inputs, outputs } = portsOf(readModel(bytes));
  const roles = namelessRoles(llama);
  const without = (role: string) =>
    Object.fromEntries(Object.entries(roles).filter(([, one]) => one !== role));

  it('is left as it is, so that it is spoken of under its own names', async () => {
    expect(renamedPorts(inputs, outputs)).toEqual(new Map());
    await expect(loadCheckpoint(folderOf(bytes, CONTEXT), await loadNodeRuntime())).rejects.toThrow(
      /the model has no input input_ids; it has arg/,
    );
  });

  it('what is said may be wrong, and is told of in words', () => {
    const ids = inputs.find(({ name }) => roles[name] === 'token ids')!.name;
    const mask = inputs.find(({ name }) => roles[name] === 'attention mask')!.name;
    expect(() => renamedPorts(inputs, outputs, { ...roles, [mask]: 'token ids' })).toThrow(
      `cannot both be the token ids`,
    );
    const cut = outputs.find(({ name }) => roles[name] === 'cache out')!.name;
    const { [cut]: _, ...fewer } = roles;
    expect(() => renamedPorts(inputs, outputs, fewer)).toThrow('4 caches go in, but 3 come out.');
    expect(renamedPorts(inputs, outputs, without('logits')).get(ids)).toBe('input_ids');
  });
});

describe('names', () => {
  const port = (name: string, shape: PortCard['shape'] = ['b', 2, 'p', 8]): PortCard => ({
    name,
    type: 'float32',
    shape,
  });
  const ids: PortCard = { name: 'input_ids', type: 'int64', shape: ['b', 's'] };
  const head = port('logits', ['b', 's', 79]);
  const named = (past: readonly string[], present: readonly string[]) =>
    Object.fromEntries(
      renamedPorts(
        [ids, ...past.map((name) => port(name))],
        [head, ...present.map((name) => port(name))],
      ),
    );

  it.each([
    [
      ['past_key_self_0', 'past_value_self_0'],
      ['present_key_self_0', 'present_value_self_0'],
    ],
    [
      ['past_key_values.0.0', 'past_key_values.0.1'],
      ['present.0.0', 'present.0.1'],
    ],
    [
      ['kv_in.0.k', 'kv_in.0.v'],
      ['kv_out.0.k', 'kv_out.0.v'],
    ],
    [
      ['k_cache_0_in', 'v_cache_0_in'],
      ['k_cache_0_out', 'v_cache_0_out'],
    ],
    [
      ['past_0', 'past_1'],
      ['present_0', 'present_1'],
    ],
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ])('%s, also with values before keys', (past, present) => {
    const wanted = {
      [past[0]!]: 'past_key_values.0.key',
      [past[1]!]: 'past_key_values.0.value',
      [present[0]!]: 'present.0.key',
      [present[1]!]: 'present.0.value',
    };
    expect(named(past, present)).toEqual(wanted);
    // Where names tell, their order does not matter.
    if (past[0] !== 'a') expect(named(past, [...present].reverse())).toEqual(wanted);
  });

  it('the usual ones stay', () => {
    expect(named(['past_key_values.3.key'], ['present.3.key'])).toEqual({});
  });

  it('a value that has a usual name already gives it up', async () => {
    const graph = numbered(llama);
    const odd: Graph = {
      ...graph,
      nodes: graph.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (name === 'mask.rows' ? 'input_ids' : name)),
        outputs: node.outputs.map((name) => (name === 'mask.rows' ? 'input_ids' : name)),
      })),
    };
    const folder = folderOf(writeModel(modelFrom(odd)), CONTEXT);
    const bytes = new Uint8Array(await (await canonical(folder)).read(MODEL_PATH));
    expect(signatureOf('mine', summarize(readModel(bytes))).inputIds.name).toBe('input_ids');
    const session = await (await loadNodeRuntime()).createSession(bytes);
    await session.release();
  });
});
