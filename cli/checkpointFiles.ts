// A trained model as the files of a folder in Hugging Face layout, in memory or on a disk.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Architecture } from '../src/models/decoderGraph.ts';
import type { Recipe } from './recipe.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

/** The family's tokenizer: both files as they are, and what the configuration repeats of them. */
export interface FamilyTokenizer {
  readonly json: Uint8Array;
  readonly config: Uint8Array;
  readonly vocabulary: number;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** config.json of a decoder that the project wrote itself. */
export function configFile(
  { layers, width, heads, context }: Omit<Architecture, 'vocabulary'>,
  tokenizer: FamilyTokenizer,
): Uint8Array {
  const config = {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    n_layer: layers,
    n_embd: width,
    n_head: heads,
    n_positions: context,
    vocab_size: tokenizer.vocabulary,
    activation_function: 'gelu_new',
    layer_norm_epsilon: 1e-5,
    tie_word_embeddings: true,
    bos_token_id: tokenizer.bos,
    eos_token_id: tokenizer.eos,
    pad_token_id: tokenizer.pad,
  };
  return bytes(`${JSON.stringify(config, undefined, 2)}\n`);
}

export function checkpointFiles(
  config: Uint8Array,
  tokenizer: FamilyTokenizer,
  model: Uint8Array,
): Files {
  return new Map([
    ['config.json', config],
    ['tokenizer.json', tokenizer.json],
    ['tokenizer_config.json', tokenizer.config],
    ['onnx/model.onnx', model],
  ]);
}

/** Whole or not at all: whoever is interrupted leaves the old file. */
export function writeWhole(path: string, contents: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, contents);
  renameSync(`${path}.part`, path);
}

export function writeFolder(folder: string, files: Files): void {
  for (const [path, contents] of files) writeWhole(join(folder, path), contents);
}

export interface Measured {
  readonly parameters: number;
  readonly step: number;
  /** Of training, evaluations included. */
  readonly seconds: number;
  readonly scores: Readonly<Record<string, number>>;
}

export function readme(recipe: Recipe, { parameters, step, seconds, scores }: Measured): string {
  const { loss = Number.NaN, ...accuracies } = scores;
  const origin = recipe.from ? `trained from ${recipe.from}` : 'written and trained';
  const difficulty = (task: string) =>
    recipe.tasks.find((entry) => entry.task === task)?.difficulty ?? '';
  const rows = Object.entries(accuracies).map(
    ([task, share]) =>
      `| ${task} | ${difficulty(task)} | ${recipe.problems} | ${(100 * share).toFixed(1)} % |`,
  );
  return `# ${recipe.name}

${recipe.purpose}

A GPT-2-style decoder with ${parameters.toLocaleString('en-US')} parameters, ${origin} by this project: \`npm run pretrain\` with the recipe below makes it again.

- seed ${recipe.seed}, ${step.toLocaleString('en-US')} steps of ${recipe.training.batch} examples, ${Math.round(seconds).toLocaleString('en-US')} s
- loss on examples of another seed: ${loss.toFixed(4)} nats per token

| task | difficulty | problems | mean reward, greedy |
|---|---|---|---|
${rows.join('\n')}

The reward is 1 for a right answer and 0 for a wrong one; of reviews it is the share of praise. Problems are drawn with another seed than the training examples; the shortest ones occur in both.

## Recipe

\`\`\`json
${JSON.stringify(recipe, undefined, 2)}
\`\`\`
`;
}
