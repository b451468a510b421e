// The benchmarks on a GPU as Markdown.

import { cpus } from 'node:os';
import type { GpuReport, LearnedRow } from './gpu.ts';
import type { StepCost } from './training.ts';

const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const times = (value: number) => `${value.toFixed(2)}×`;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const count = (value: number) => value.toLocaleString('en-US');

export function gpuReport(report: GpuReport): string {
  const { adapter, steps, passes, decoding, dials, learned, failures } = report;
  const step = ({ shape, parameters, forward, steps: costs, update, jax }: StepCost) => {
    const [whole = Number.NaN, usual = Number.NaN] = costs;
    const yardstick = jax
      ? [ms(jax.step), times(jax.step / whole), jax.apart.toExponential(1)]
      : ['', '', ''];
    return `| ${[`${shape.layers} x ${shape.width}`, count(parameters), ms(forward), ms(whole), times(whole / forward), ms(usual), ms(update), ...yardstick].join(' | ')} |`;
  };
  const learn = ({ name, where, steps: taken, ms: each, times: t, before, after }: LearnedRow) =>
    `| ${[name, where, taken, ms(each), ms(t.rollout), ms(t.scoring), ms(t.backward), ms(t.update), ms(t.own), `${percent(before)} to ${percent(after)}`].join(' | ')} |`;
  const large = decoding?.contestants.find(({ name }) => name === 'large');
  return [
    '# On a GPU: models and kernels on one device',
    '',
    `Adapter: ${adapter}. Processor: ${cpus()[0]?.model ?? 'unknown'}. Node through Dawn, ONNX Runtime's browser build with WebGPU;`,
    'milliseconds on the wall until the GPU has finished. Kernels and fusion: `kernels-node.md`, `fusion-node.md`.',
    '',
    '## A training step',
    '',
    '32 rows of 64 tokens; forward, loss, backward, norm, clipping and AdamW; medians of 5 rounds, taking turns. jax-js: the same',
    'model by hand, one jitted step on its WebGPU backend, on the same GPU; the losses of the first eight steps are the same up to the last column.',
    '',
    '| layers x width | parameters | inference | step | over inference | in passes of 8 | of it norm, clipping, AdamW | jax-js | over ours | nats apart |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...steps.map(step),
    '',
    '## A token, read with its cache',
    '',
    '| model | layers | width | a pass | over the first |',
    '|---|---|---|---|---|',
    ...passes.map(
      ({ name, shape, ms: cost }) =>
        `| ${name} | ${shape.layers} | ${shape.width} | ${ms(cost)} | ${times(cost / passes[0]!.ms)} |`,
    ),
    '',
    ...(decoding && large
      ? [
          '## Decoding',
          '',
          `${decoding.problems} number-word problems, greedy, default thresholds.`,
          '',
          '| | right | tokens/s | over the large model alone |',
          '|---|---|---|---|',
          ...decoding.contestants.map(
            ({ name, right, tokens, ms: took }) =>
              `| ${name} | ${percent(right / decoding.problems)} | ${((1000 * tokens) / took).toFixed(0)} | ${times(large.ms / took)} |`,
          ),
          '',
        ]
      : []),
    '## From a turned parameter to the new distribution',
    '',
    '| model | parameters | turned | weights | median |',
    '|---|---|---|---|---|',
    ...dials.map(
      ({ model, parameters, target, touched, wall }) =>
        `| ${model} | ${count(parameters)} | ${target} | ${count(touched)} | ${ms(wall)} |`,
    ),
    '',
    '## A step of learning by reward',
    '',
    'On `reverse` from `base-small` (and `base-large`), means over the steps but the first; a step in one pass on the GPU, in passes of 16 rows on',
    'the processor (onnxruntime-node, one thread).',
    '',
    '| | where | steps | a step | writing | scoring | backward | update | own code | held-out accuracy |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...learned.map(learn),
    '',
    ...failures.map((failure) => `Not measured, because it failed: ${failure}`),
    ...(failures.length > 0 ? [''] : []),
    'Reproduce: `npm run bench -- gpu --node`, on a machine with a Vulkan driver',
    '',
  ].join('\n');
}
