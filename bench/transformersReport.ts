// Evaluate beside transformers.js as Markdown.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from './report.ts';
import type { Measured, TransformersReport } from './transformers.ts';
import type { Build } from './transformersWorker.ts';

export interface Versions {
  readonly transformers: string;
  readonly theirs: string;
  readonly ours: string;
}

export function versions(root: string): Versions {
  const of = (path: string): string =>
    JSON.parse(readFileSync(join(root, 'node_modules', path, 'package.json'), 'utf8')).version;
  return {
    transformers: of('@huggingface/transformers'),
    theirs: of('@huggingface/transformers/node_modules/onnxruntime-web'),
    ours: of('onnxruntime-web'),
  };
}

/** @param versions of transformers.js, of the ONNX Runtime that it brings, and of ours */
export function transformersReport(report: TransformersReport, versions: Versions): string {
  const { problems, rounds, pairs } = report;
  const row = (
    pair: string,
    what: string,
    { tokens, ms, theirs }: Measured,
    computed?: Readonly<Record<Build, number>>,
  ) => {
    const speed = (time: number) => ((1000 * tokens) / time).toFixed(0);
    const beside = (build: Build) => {
      const { ms: time, ratio } = theirs[build];
      return `${speed(time)} | **${ratio.toFixed(2)}×** | ${computed ? `${computed[build].toFixed(2)}×` : ''}`;
    };
    return `| ${pair} | ${what} | ${tokens} | ${speed(ms)} | ${beside('theirs')} | ${beside('ours')} |`;
  };
  return [
    '# Evaluate on a dropped pair, beside transformers.js',
    '',
    `${problems} problems of numberWords (8 times as many where models are tiny) by each model of a pair, greedy, ${rounds} rounds:`,
    'Evaluate in the page’s own compute worker on checkpoints that were dropped and kept, and transformers.js in a worker of',
    `its own on the same files, taking turns in rotating order. Chromium, wasm provider, one thread, ${machine()}.`,
    'Every round checks that all wrote the same tokens. The first row of a pair is all of Evaluate, from the page to the worker',
    'and back, with the answer that it makes first and does not time; the others are the models alone, from the prompt’s tokens',
    'to the last one. Tokens per second are medians; times as fast is the median of the rounds’ ratios; computing is the same',
    'of what the page’s process computed, others on the same cores left out.',
    '',
    `transformers.js ${versions.transformers} brings ONNX Runtime Web ${versions.theirs} with WebGPU in it.`,
    `On wasm this project uses the build without it (${versions.ours}), and so does transformers.js in the last three columns.`,
    '',
    '| pair | what | tokens | here, tokens/s | transformers.js | times as fast | computing | the same on our ONNX Runtime | times as fast | computing |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...pairs.flatMap(({ pair, evaluate, models }) => [
      row(pair, 'Evaluate', evaluate, evaluate.computed),
      ...models.map((one) => row('', one.name, one)),
    ]),
    '',
    '`base`: base-small (0.18 M parameters) and base-large (3.76 M). The others have random weights, width 32, 2 and 8 layers:',
    'there it is the work around the runtime that is compared.',
    '',
    `Reproduce: \`npm run bench -- transformers --problems=${problems} --rounds=${rounds}\``,
    '',
  ].join('\n');
}
