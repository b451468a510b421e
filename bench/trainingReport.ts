// The benchmarks of training as Markdown.

import { LEARNING, type LearningPoint, type LearningReport } from './learning.ts';
import { machine } from './report.ts';
import { PASSES, type PassCost, type StepCost } from './training.ts';

export interface TrainingReport {
  readonly wasm: readonly StepCost[];
  readonly node: readonly StepCost[];
  readonly passes: readonly PassCost[];
}

const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const times = (value: number) => `${value.toFixed(2)}×`;
const count = (value: number) => value.toLocaleString('en-US');
/** Largest ratios of a step to the inference of its batch, and least of jax-js to us, that are asked for. */
const WANTED = { wasm: 3, node: 3.5, jax: 1.3, pass: 8 } as const;

export function trainingReport({ wasm, node, passes }: TrainingReport): string {
  const [whole, usual] = PASSES;
  const stepRow = (provider: string, { shape, parameters, forward, steps, update }: StepCost) => {
    const cells = steps.flatMap((step) => [ms(step), times(step / forward)]);
    const name = `${shape.layers} layers, width ${shape.width}`;
    return `| ${[provider, name, count(parameters), ms(forward), ...cells, ms(update)].join(' | ')} |`;
  };
  const least = (costs: readonly StepCost[]) =>
    costs.map(({ forward, steps }) => times(Math.min(...steps) / forward)).join(' and ');
  const jaxRow = ({ shape, steps, jax }: StepCost) =>
    jax
      ? [
          `| ${shape.layers} layers, width ${shape.width} | ${ms(steps[0]!)} | ${ms(jax.step)} | ${times(jax.step / steps[0]!)} | ${jax.apart.toExponential(1)} |`,
        ]
      : [];
  const passRow = ({ name, shape, ms: cost }: PassCost) =>
    `| ${name} | ${shape.layers} | ${shape.width} | ${cost.toFixed(3)} ms | ${times(cost / passes[0]!.ms)} |`;
  return [
    '# Training: what a step costs',
    '',
    `${machine()}. One thread; 32 rows of 64 tokens, none padded; time that the process computes; medians of 5`,
    'rounds, contenders taking turns. A step is forward, loss, backward, norm, clipping and AdamW.',
    '',
    `| | model | parameters | inference, ${whole} rows | step, one pass of ${whole} | over inference | step, passes of ${usual} | over inference | of it norm, clipping, AdamW |`,
    '|---|---|---|---|---|---|---|---|---|',
    ...wasm.map((cost) => stepRow('wasm, Chromium', cost)),
    ...node.map((cost) => stepRow('onnxruntime-node', cost)),
    '',
    `Wanted: at most ${WANTED.wasm.toFixed(1)} times the inference on wasm (found ${least(wasm)}), ${WANTED.node} times on Node (found ${least(node)}).`,
    '',
    'The same model by hand in jax-js, one jitted step on its wasm backend, in the same page; the losses of the first',
    'eight steps are the same up to the difference in the last column:',
    '',
    '| model | our step | jax-js | jax-js over ours | nats apart |',
    '|---|---|---|---|---|',
    ...wasm.flatMap(jaxRow),
    '',
    `Wanted: at least ${WANTED.jax} times.`,
    '',
    'A token of the family’s two sizes (architectures of `recipes`), read with its cache, wasm, mean over a text of 96:',
    '',
    '| model | layers | width | a pass | over the first |',
    '|---|---|---|---|---|',
    ...passes.map(passRow),
    '',
    `Wanted: at least ${WANTED.pass} times.`,
    '',
    'Reproduce: `npm run bench -- training`',
    '',
  ].join('\n');
}

export function learningReport({ parameters, curve }: LearningReport): string {
  const { shape, knobs, heldOut } = LEARNING;
  const last = curve.at(-1);
  const learned = last?.right === heldOut;
  const row = ({ step, loss, right, seconds, wall }: LearningPoint) =>
    `| ${step} | ${loss.toFixed(4)} | ${right} of ${heldOut} | ${seconds.toFixed(1)} | ${wall.toFixed(1)} |`;
  return [
    '# Learning: two-digit addition from random weights',
    '',
    `${machine()}. Chromium, wasm, one thread. ${shape.layers} layers, width ${shape.width}, ${count(parameters)} parameters; batch ${knobs.batch}, learning rate`,
    `${knobs.learningRate} (warm-up ${knobs.warmup}, cosine to ${knobs.floor} over ${knobs.steps} steps). ${heldOut} sums that no example has are written greedily;`,
    'it ends when all of them are right.',
    '',
    '| step | loss | right | seconds computed | on the wall |',
    '|---|---|---|---|---|',
    ...curve.map(row),
    '',
    learned
      ? `All ${heldOut} right after ${last.step} steps and ${last.seconds.toFixed(0)} s (wanted: 2,000 steps and 90 s).`
      : `Not all right after ${last?.step ?? 0} steps: ${last?.right ?? 0} of ${heldOut}.`,
    '',
    'Reproduce: `npm run bench -- learning`',
    '',
  ].join('\n');
}
