// One recipe, from the first weights (or from where it was stopped) to a folder.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Example, sft, sftRows } from '../src/algorithms/sft.ts';
import { UserError } from '../src/core/errors.ts';
import { loadCheckpoint } from '../src/models/checkpoint.ts';
import { decoderConfig } from '../src/models/config.ts';
import { createTrainable } from '../src/models/createTrainable.ts';
import { decoderGraph } from '../src/models/decoderGraph.ts';
import { memoryFolder, readJson } from '../src/models/folder.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import { makeTokenizer, type Tokenizer } from '../src/models/tokenizer.ts';
import type { Trainable } from '../src/models/trainable.ts';
import { decodeTraining, encodeTraining } from '../src/models/trainingState.ts';
import { writeModel } from '../src/onnx/model.ts';
import { modelFrom } from '../src/onnx/proto.ts';
import { accuracies, written } from './accuracy.ts';
import {
  checkpointFiles,
  configFile,
  type FamilyTokenizer,
  readme,
  writeFolder,
  writeWhole,
} from './checkpointFiles.ts';
import { type Mixture, mixtureOf } from './mixture.ts';
import { diskFolder } from './nodeRuntime.ts';
import { progressLine, scoresLine } from './progress.ts';
import { parseRecipe, type Recipe } from './recipe.ts';

const TOKENIZER = 'recipes/tokenizer';
/** Examples that the loss is measured on, in one batch. */
const HELD_OUT_EXAMPLES = 64;
const SAVE_MS = 60_000;
const SAY_MS = 5_000;

export interface TrainRequest {
  readonly out: string;
  readonly runtime: OrtRuntime;
  readonly say: (line: string) => void;
  /** Stops, to be continued, after this step. */
  readonly stop?: number;
  readonly fresh?: boolean;
  /** Writes a folder NAME-STEP at every evaluation, to choose from where a training should stop. */
  readonly keep?: boolean;
}

/** @throws UserError 'checkpoint' for a state of another recipe, 'runtime' when the numbers run away */
export async function train(recipe: Recipe, request: TrainRequest): Promise<void> {
  const { runtime, say } = request;
  const { name, training } = recipe;
  const { tokenizer, family } = await familyTokenizer();
  const mixture = mixtureOf(recipe, tokenizer, family.eos);
  const origin = await originOf(recipe, family, request.out);
  const example = await examplesOf(recipe, mixture, request);
  const model = await createTrainable(origin.bytes, runtime, {
    contextLength: origin.contextLength,
    microBatch: recipe.microBatch,
    packed: training.packing === 'packed',
  });
  try {
    const files = async () => checkpointFiles(origin.config, family, await model.export());
    const evaluate = async () => {
      const checkpoint = await loadCheckpoint(memoryFolder(name, await files()), runtime);
      try {
        const right = await accuracies(checkpoint, mixture, recipe.problems);
        return { loss: await heldOutLoss(model, mixture, training.prompts), ...right };
      } finally {
        await checkpoint.release();
      }
    };
    const statePath = join(request.out, `${name}.state`);
    let seconds = request.fresh ? 0 : await resume(model, statePath, recipe);
    let scores: Readonly<Record<string, number>> = {};
    let started = performance.now();
    const lap = () => {
      const now = performance.now();
      seconds += (now - started) / 1000;
      started = now;
    };
    const save = async () => {
      lap();
      const meta = { recipe: JSON.stringify(recipe), seconds };
      writeWhole(statePath, encodeTraining({ state: await model.state(), meta }));
    };

    const write = async (made: Recipe, as: string): Promise<string> => {
      const measured = { parameters: model.size, step: model.steps, seconds, scores };
      const about = new TextEncoder().encode(readme(made, measured));
      const folder = join(request.out, as);
      writeFolder(folder, new Map([...(await files()), ['README.md', about]]));
      return folder;
    };

    say(`${name}: ${model.size.toLocaleString('en-US')} parameters, ${training.steps} steps`);
    if (model.steps > 0) say(`${name}: goes on after step ${model.steps}`);
    else say(scoresLine(name, 0, await evaluate()));
    let said = performance.now();
    let saved = said;
    const since = { step: model.steps, tokens: 0 };
    const events = sft({ model, example, params: training, done: model.steps, evaluate });
    for await (const event of events) {
      if (event.type === 'diverged') {
        throw new UserError(
          'runtime',
          `${name}: the ${event.what} of step ${event.step} is no finite number.`,
          'Lower the learning rate in the recipe and train afresh (--fresh).',
        );
      }
      if (event.type === 'evaluated') {
        scores = event.scores;
        say(scoresLine(name, event.step, scores));
        if (request.keep && event.step < training.steps) {
          lap();
          const stopped = { ...recipe, training: { ...training, steps: event.step } };
          await write(stopped, `${name}-${event.step}`);
        }
      }
      if (event.type !== 'step') continue;
      const now = performance.now();
      since.tokens += event.read;
      if (now - said >= SAY_MS || event.step === training.steps) {
        say(progressLine(name, training.steps, event, since, now - said));
        said = now;
        since.step = event.step;
        since.tokens = 0;
      }
      const stop = event.step === request.stop && event.step < training.steps;
      if (stop || now - saved >= SAVE_MS) {
        await save();
        saved = now;
      }
      if (stop) return say(`${name}: stopped after step ${event.step}`);
    }
    // A state that was saved after the last step has nothing left to evaluate on its way.
    if (Object.keys(scores).length === 0) scores = await evaluate();
    lap();
    const folder = await write(recipe, name);
    rmSync(statePath, { force: true });
    say(`${name}: written to ${folder} after ${seconds.toFixed(0)} s`);
  } finally {
    await model.release();
  }
}

interface Origin {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly config: Uint8Array;
  readonly contextLength: number;
}

/** The model that training begins with. */
async function originOf(
  { architecture, from, seed }: Recipe,
  family: FamilyTokenizer,
  out: string,
): Promise<Origin> {
  if (architecture) {
    const graph = decoderGraph({ ...architecture, vocabulary: family.vocabulary }, seed);
    return {
      bytes: writeModel(modelFrom(graph)),
      config: configFile(architecture, family),
      contextLength: architecture.context,
    };
  }
  const folder = diskFolder(join(out, from!), from!);
  const { contextLength } = decoderConfig(from!, await readJson(folder, 'config.json'));
  const bytes = new Uint8Array(await folder.read('onnx/model.onnx'));
  return { bytes, config: await folder.read('config.json'), contextLength };
}

/** Example number i: the mixture's, or what the teacher wrote where there is one. */
async function examplesOf(
  recipe: Recipe,
  mixture: Mixture,
  { out, runtime, say }: TrainRequest,
): Promise<Mixture['example']> {
  const { teacher, name } = recipe;
  if (!teacher) return mixture.example;
  const checkpoint = await loadCheckpoint(
    diskFolder(join(out, teacher.name), teacher.name),
    runtime,
  );
  try {
    say(`${name}: ${teacher.name} writes ${teacher.answers} answers`);
    const examples: Example[] = [];
    let told = performance.now();
    for (let index = 0; index < teacher.answers; index++) {
      if (performance.now() - told > SAY_MS) {
        told = performance.now();
        say(`${name}: ${index} of ${teacher.answers} answers`);
      }
      const { prompt, completion } = mixture.example(index);
      const most = 2 * completion.length;
      examples.push({ prompt, completion: await written(checkpoint, prompt, most, index) });
    }
    return (index) => examples[index % examples.length]!;
  } finally {
    await checkpoint.release();
  }
}

/** Takes up a saved state if there is one. Returns the seconds that were spent on it. */
async function resume(model: Trainable, path: string, recipe: Recipe): Promise<number> {
  if (!existsSync(path)) return 0;
  const { state, meta } = decodeTraining(readFileSync(path));
  if (!isSameRecipe(meta.recipe, recipe, path)) {
    throw new UserError(
      'checkpoint',
      `${path} was saved with another recipe than ${recipe.name} has now.`,
      'Put the recipe back as it was, or begin afresh with --fresh.',
    );
  }
  await model.restore(state);
  return Number(meta.seconds);
}

/** Read again, what was saved has the settings that were added since, at what they mean where a recipe lacks them. */
function isSameRecipe(saved: unknown, recipe: Recipe, path: string): boolean {
  if (typeof saved !== 'string') return false;
  try {
    return JSON.stringify(parseRecipe(saved, path)) === JSON.stringify(recipe);
  } catch {
    return false;
  }
}

/** Mean nats per token on examples that training does not draw; the weights stay as they are. */
async function heldOutLoss(
  model: Trainable,
  mixture: Mixture,
  prompts: Recipe['training']['prompts'],
): Promise<number> {
  const examples = Array.from({ length: HELD_OUT_EXAMPLES }, (_, i) => mixture.heldOut(i));
  const { rows } = sftRows(examples, prompts);
  const logProbs = await model.accumulate(rows);
  model.forget();
  return rows.reduce(
    (sum, { weights }, r) => sum + weights.reduce((s, g, t) => s + g * logProbs[r]![t]!, 0),
    0,
  );
}

async function familyTokenizer(): Promise<{ tokenizer: Tokenizer; family: FamilyTokenizer }> {
  const folder = diskFolder(TOKENIZER, 'the family’s tokenizer');
  const [json, config] = ['tokenizer.json', 'tokenizer_config.json'] as const;
  const tokenizer = makeTokenizer(
    folder.name,
    await readJson(folder, json),
    await readJson(folder, config),
  );
  const id = (token: string): number => {
    const found = tokenizer.idOf(token);
    if (found === undefined) throw new Error(`${TOKENIZER} has no ${token}`);
    return found;
  };
  const family = {
    json: await folder.read(json),
    config: await folder.read(config),
    vocabulary: tokenizer.size,
    bos: id('<bos>'),
    eos: id('<eos>'),
    pad: id('<pad>'),
  };
  return { tokenizer, family };
}
