// Loading and letting go of a checkpoint, 200 times, in the page's own compute worker: a dozen families are kept, and runs go
// through them in a circle. The worker holds eight, so from the ninth run on each loads one, writes a few tokens, and lets
// the one go that was not used for longest.

import { defaultExperiment } from '../src/experiment/experiment.ts';
import { families, familyBytes, familyConfig } from '../test/families/index.ts';
import { type Conversation, converse } from './conversation.ts';

let conversation: Conversation;
const ids: string[] = [];

export async function beginCycles(): Promise<void> {
  conversation = converse();
  const texts = ['tokenizer.json', 'tokenizer_config.json'].map(async (path) => {
    return [path, await (await fetch(`/recipes/tokenizer/${path}`)).blob()] as const;
  });
  const tokenizer = await Promise.all(texts);
  for (const family of families.slice(0, 12)) {
    const files = new Map([
      ...tokenizer,
      ['config.json', new Blob([JSON.stringify(familyConfig)])] as const,
      ['onnx/model.onnx', new Blob([familyBytes(family)])] as const,
    ]);
    ids.push((await conversation.drop(family, files)).id);
  }
}

/** @returns bytes of WebAssembly's memory afterwards */
export async function cycle(number: number): Promise<number> {
  const large = ids[number % ids.length]!;
  await conversation.run({
    ...defaultExperiment,
    mode: 'generate',
    method: 'greedy',
    params: { model: 'large' },
    large,
    prompt: 'say 7: ',
    maxTokens: 6,
    provider: 'wasm',
    kernels: 'cpu',
  });
  const told = await conversation.ask({ type: 'card', checkpoint: large, others: [] });
  return told.type === 'card' ? (told.preflight.measured?.all ?? 0) : 0;
}
