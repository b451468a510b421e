// What Node is tested on, replayed in a browser, on wasm and on WebGPU as graphs are lowered for them: torch's
// gradients of two exported decoders, and the gradient rule of every operator.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { lower } from '../../src/autodiff/lower.ts';
import { partition } from '../../src/autodiff/partition.ts';
import { findDevice } from '../../src/backend/device.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from '../../src/models/webRuntime.ts';
import { readModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom } from '../../src/onnx/proto.ts';
import { runOn } from './browserRun.ts';
import type { RuleCase } from './caseKit.ts';
import { buildCase, cases } from './cases.ts';
import { draw } from './draw.ts';
import { type Fixture, fixtureFrom } from './fixture.ts';
import { weightFeeds, worstGradient } from './torch.ts';
import { asFeeds, relativeError } from './values.ts';

const files = import.meta.glob<string>('../fixtures/autodiff/*', {
  query: '?url',
  import: 'default',
  eager: true,
});
async function loadFixture(name: string): Promise<Fixture> {
  const file = (ending: string) => fetch(files[`../fixtures/autodiff/${name}.${ending}`]!);
  const bytes = async (ending: string) => new Uint8Array(await (await file(ending)).arrayBuffer());
  return fixtureFrom(await bytes('onnx'), await (await file('json')).json(), await bytes('bin'));
}

const providers = ['wasm', 'webgpu'] as const;
const runtimes: Partial<Record<OrtRuntime['provider'], OrtRuntime>> = {};
beforeAll(async () => {
  const { device, why } = await findDevice();
  if (!device) throw new Error(`These tests need a WebGPU device: ${why}`);
  runtimes.webgpu = await loadWebGpuRuntime(device);
  runtimes.wasm = await loadWasmRuntime();
}, 120_000);
afterAll(() => runtimes.webgpu?.dispose());

describe.each(['gpt2', 'llama'])('%s against torch', (name) => {
  describe.each(providers)('on %s', (provider) => {
    const nominal = { batch_size: 3, sequence_length: 7 };
    const prepared = async (sizes: 'symbolic' | 'concrete', norms: 'fused' | 'primitive') => {
      const fixture = await loadFixture(name);
      const raw = graphFrom(readModel(fixture.onnx));
      const options = sizes === 'concrete' ? { bindings: nominal } : {};
      const { graph, parameters } = normalize(raw, options);
      const joint = withCotangents(
        graph,
        parameters.map((parameter) => parameter.name),
      );
      const feeds = { ...fixture.feeds, ...weightFeeds(parameters), dlogits: fixture.dlogits };
      const lowered = { ...joint, graph: lower(joint.graph, { provider, norms }) };
      return { fixture, parameters, feeds, joint: lowered };
    };
    describe.each(['symbolic', 'concrete'] as const)('%s', (sizes) => {
      describe.each(['fused', 'primitive'] as const)('%s norms', (norms) => {
        it('joint', async () => {
          const { fixture, parameters, feeds, joint } = await prepared(sizes, norms);
          const results = await runOn(runtimes[provider]!, joint.graph, feeds);
          expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(1e-5);
        });
        it.each(['saveAll', 'minCut', 'recompute'] as const)('%s', async (policy) => {
          const { fixture, parameters, feeds, joint } = await prepared(sizes, norms);
          const { forward, backward } = partition(joint, policy, nominal);
          const kept = await runOn(runtimes[provider]!, forward, feeds);
          const all = { ...feeds, ...asFeeds(kept) };
          const results = await runOn(runtimes[provider]!, backward, all);
          expect(worstGradient(fixture, parameters, results)).toBeLessThanOrEqual(1e-5);
        });
      });
    });
  });
});

/** Names of cases that a provider of ONNX Runtime 1.30 cannot run. When one of these works, the test says so. */
const lacks: Readonly<Record<string, Partial<Record<string, readonly string[]>>>> = {
  wasm: {},
  webgpu: {
    // Float64, to which these cast, does not exist there.
    Cast: ['[5]', '[2,3]', '[2,1,4]'],
    // Its shader for this way of broadcasting does not compile; powers in decoders are constants.
    Pow: ['[2,1,4] [3,1]'],
  },
};

/** In float32 as it is used; what is compared with is float64 on wasm where that has the kernel. */
const single = (rule: RuleCase): RuleCase => ({ ...rule, single: true });

describe.each(providers)('rules on %s', (provider) => {
  for (const [op, list] of Object.entries(cases)) {
    it(op, async () => {
      const failures: string[] = [];
      const lacking: string[] = [];
      for (const [i, rule] of list.entries()) {
        try {
          const exact = buildCase(rule);
          const built = buildCase(single(rule));
          const probe = draw(rule, exact, 7 + i, 0);
          const y = (await runOn(runtimes.wasm!, exact.forward, probe.feeds())).y!;
          const at = (of: RuleCase) => {
            const { feeds, dy, make } = draw(of, exact, 7 + i, y.data.length);
            return { ...feeds(), dy: make(y.dims, dy) };
          };
          const reference = await runOn(runtimes.wasm!, exact.joint, at(rule));
          const graph = lower(built.joint, { provider });
          const results = await runOn(runtimes[provider]!, graph, at(single(rule)));
          for (const [output, { data }] of Object.entries(reference)) {
            const error = relativeError(results[output]!.data, data, rule.terms ?? 1e-2);
            if (!(error <= 1e-5)) failures.push(`${rule.name} ${output}: ${error}`);
          }
        } catch (error) {
          lacking.push(rule.name);
          if (!lacks[provider]?.[op]?.includes(rule.name)) failures.push(`${rule.name}: ${error}`);
        }
      }
      expect(failures).toEqual([]);
      expect(lacking).toEqual(lacks[provider]?.[op] ?? []);
    });
  }
});
