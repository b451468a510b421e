// What the project exports is an ordinary checkpoint: transformers.js, which knows nothing of us, reads the folder of
// a model that was trained here and writes the same greedy text.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AutoModelForCausalLM, AutoTokenizer, env } from '@huggingface/transformers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { written } from '../../cli/accuracy.ts';
import { writeFolder } from '../../cli/checkpointFiles.ts';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { type Checkpoint, loadCheckpoint } from '../../src/models/checkpoint.ts';
import { createTrainable } from '../../src/models/createTrainable.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { tasks } from '../../src/tasks/index.ts';
import { toExample } from '../../src/worker/examples.ts';

const UPDATE = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clip: 1,
};

let root: string;
let runtime: OrtRuntime;
let ours: Checkpoint;

/** base-small after a step of training, as the folder that an export is. */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tandem-interop-'));
  runtime = await loadNodeRuntime();
  const source = diskFolder('public/models/base-small');
  const file = Uint8Array.from(await source.read('onnx/model.onnx'));
  const base = await loadCheckpoint(source, runtime);
  const model = await createTrainable(file, runtime, { contextLength: 192 });
  const { prompt, completion } = toExample(
    base.tokenizer,
    base.model.config.eos[0],
    tasks.reverse.problem(1, 0, 6),
  );
  const tokens = [...prompt, ...completion];
  await model.accumulate([
    {
      tokens: tokens.slice(0, -1),
      targets: tokens.slice(1),
      weights: tokens.slice(1).map(() => -1),
    },
  ]);
  await model.step(UPDATE);
  const others = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  writeFolder(
    join(root, 'trained'),
    new Map([
      ...(await Promise.all(others.map(async (name) => [name, await source.read(name)] as const))),
      ['onnx/model.onnx', await model.export()] as const,
    ]),
  );
  await model.release();
  await base.release();
  ours = await loadCheckpoint(diskFolder(join(root, 'trained')), runtime);
  env.allowRemoteModels = false;
});

afterAll(async () => {
  await ours.release();
  rmSync(root, { recursive: true });
});

it('transformers.js writes the same tokens with an exported model', async () => {
  const folder = join(root, 'trained');
  env.localModelPath = `${dirname(folder)}/`;
  const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
  const theirs = await AutoModelForCausalLM.from_pretrained(basename(folder), { dtype: 'fp32' });
  for (let index = 0; index < 4; index++) {
    const { prompt } = tasks.reverse.problem(2, index, 6);
    const ids = ours.tokenizer.encode(prompt);
    const inputs = await tokenizer(prompt);
    expect(Array.from(inputs.input_ids.data as BigInt64Array, Number)).toEqual(ids);
    const output = await theirs.generate({ ...inputs, max_new_tokens: 24, do_sample: false });
    const all = Array.from((output as { data: BigInt64Array }).data, Number);
    expect(all.slice(ids.length)).toEqual(await written(ours, ids, 24, 0));
  }
  await theirs.dispose();
});
