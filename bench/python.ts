// What the page exports, opened by ONNX Runtime in Python and in Node: every family as it is kept and exported, weights in
// files beside the model, and what was trained here (fully, and with adapters merged). Logits and greedy tokens must agree.
// `npm run bench -- python` (PYTHON=python3; PYTHONPATH may name where onnxruntime and numpy are)

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { createTrainable } from '../src/models/createTrainable.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import type { TrainableOptions } from '../src/models/trainable.ts';
import { createMemoryShelf } from '../src/store/memoryShelf.ts';
import { openStore } from '../src/store/store.ts';
import { filesOf, type Outgoing } from '../src/worker/exportFiles.ts';
import { external, type Files, jsonFile, tokenizerFiles } from '../test/families/folders.ts';
import { greedyByRuntime, lastRow } from '../test/families/greedy.ts';
import {
  CONTEXT,
  families,
  familyBytes,
  familyConfig,
  familyGraph,
} from '../test/families/index.ts';

const PROMPT = [1, 17, 30, 22, 41];
const STEPS = 16;
/** Both add in float32, in orders of their own; float16 rounds what they add. */
const TOLERANCE = { float: 1e-4, half: 2e-2 };
const UPDATE = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 1,
};

interface Answer {
  readonly logits: readonly number[];
  readonly greedy: readonly number[];
}

/** Kept in a store, and exported from there as the page does it. */
async function exported(name: string, files: Files): Promise<Outgoing> {
  const store = await openStore({ ...createMemoryShelf(), where: 'browser' });
  const blobs = [...files].map(([path, bytes]) => [path, new Blob([bytes])] as const);
  const weights = [...files.keys()].filter((path) => path.startsWith('onnx/'));
  const about = {
    name,
    parameters: 0,
    origin: 'dropped' as const,
    original: 'onnx/model.onnx',
  };
  const { value } = await store.bring({ files: new Map(blobs), weights, about });
  return filesOf(await store.folder(value.id));
}

const folderWith = (model: Files): Files =>
  new Map([
    ...tokenizerFiles(),
    ['config.json', jsonFile(familyConfig)],
    ...[...model].map(([path, bytes]) => [`onnx/${path}`, bytes] as const),
  ]);

/** After three steps on one row of text. */
async function trained(
  runtime: OrtRuntime,
  options: Partial<TrainableOptions> = {},
): Promise<Files> {
  const bytes = familyBytes('llama');
  const model = await createTrainable(bytes, runtime, { contextLength: CONTEXT, ...options });
  const tokens = [...PROMPT, 7, 9, 11];
  for (let step = 0; step < 3; step++) {
    await model.accumulate([
      {
        tokens: tokens.slice(0, -1),
        targets: tokens.slice(1),
        weights: tokens.slice(1).map(() => -1),
      },
    ]);
    await model.step(UPDATE);
  }
  const file = await model.export();
  await model.release();
  return new Map([['model.onnx', file]]);
}

async function byNode(runtime: OrtRuntime, folder: string): Promise<Answer> {
  const ort = await import('onnxruntime-node');
  const options = { logSeverityLevel: 4 as const };
  const session = await ort.InferenceSession.create(join(folder, 'onnx/model.onnx'), options);
  const logits = await lastRow(session, runtime, PROMPT);
  const greedy = await greedyByRuntime(session, runtime, PROMPT, STEPS);
  await session.release();
  return { logits, greedy };
}

function byPython(
  folders: readonly string[],
): ReadonlyMap<string, Answer & { onnxruntime: string }> {
  const script = join(import.meta.dirname, '../scripts/checkExport.py');
  const args = [script, PROMPT.join(','), `${STEPS}`, ...folders];
  const text = execFileSync(process.env.PYTHON ?? 'python3', args, { encoding: 'utf8' });
  const answers = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(answers.map((answer) => [answer.folder, answer]));
}

export interface PythonReport {
  readonly text: string;
  readonly good: boolean;
}

export async function benchPython(): Promise<PythonReport> {
  const root = mkdtempSync(join(tmpdir(), 'exports-'));
  try {
    const runtime = await loadNodeRuntime();
    const cases: (readonly [string, Files])[] = families.map((family) => [
      family,
      new Map([['model.onnx', familyBytes(family)]]),
    ]);
    cases.push(['llama, weights in three files', external(familyGraph('llama'), 3)]);
    cases.push(['llama, trained', await trained(runtime)]);
    const lora = { rank: 2, alpha: 4, targets: 'all', seed: 1 } as const;
    cases.push(['llama, adapters merged', await trained(runtime, { lora })]);
    const folders = new Map<string, string>();
    for (const [name, model] of cases) {
      const folder = join(root, name.replace(/\W+/g, '-'));
      for (const [path, contents] of await exported(name, folderWith(model))) {
        const bytes = contents instanceof Blob ? await contents.bytes() : contents;
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), bytes);
      }
      folders.set(name, folder);
    }
    const python = byPython([...folders.values()]);
    const rows: string[] = [];
    let good = true;
    for (const [name, folder] of folders) {
      const ours = await byNode(runtime, folder);
      const theirs = python.get(folder)!;
      const largest = Math.max(...ours.logits.map((x, i) => Math.abs(x - theirs.logits[i]!)));
      const same = ours.greedy.join() === theirs.greedy.join();
      const fits = largest <= (name.includes('float16') ? TOLERANCE.half : TOLERANCE.float);
      if (!(same && fits)) good = false;
      rows.push(
        `| ${name} | ${largest.toExponential(1)} | ${same ? 'the same' : 'other'} | ${same && fits ? '✓' : '✗'} |`,
      );
    }
    const version = [...python.values()][0]?.onnxruntime;
    const text = [
      '# What is exported, in Python',
      '',
      `Every family kept and exported as the page does it, opened by ONNX Runtime ${version} in Python (\`scripts/checkExport.py\`) and in`,
      `Node: the largest difference between their logits after a prompt of ${PROMPT.length} tokens, and the ${STEPS} tokens that follow greedily.`,
      '',
      '| export | logits | tokens | |',
      '|---|---|---|---|',
      ...rows,
      '',
      'Reproduce: `pip install --target /tmp/py onnxruntime numpy`, then `PYTHONPATH=/tmp/py npm run bench -- python`',
      '',
    ].join('\n');
    return { text, good };
  } finally {
    rmSync(root, { recursive: true });
  }
}
