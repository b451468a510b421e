// A checkpoint of gigabytes in the page: dropped, kept and hashed as it streams into the browser's file system, made a
// session of, and asked for a few tokens.

import { defaultExperiment } from '../src/experiment/experiment.ts';
import { type Conversation, converse } from './conversation.ts';

let conversation: Conversation | undefined;

/** A field for files that bench/main.ts fills. */
export function fileField(): void {
  const field = document.createElement('input');
  field.type = 'file';
  field.multiple = true;
  document.body.replaceChildren(field);
}

/** @returns its id, and milliseconds */
export async function keepLarge(): Promise<{ readonly id: string; readonly ms: number }> {
  const { files } = document.querySelector('input')!;
  const begun = performance.now();
  conversation ??= converse();
  const kept = await conversation.drop(
    'large',
    new Map([...(files ?? [])].map((file) => [file.name, file])),
  );
  return { id: kept.id, ms: performance.now() - begun };
}

/** What the pre-flight says of it. */
export async function cardOfLarge(checkpoint: string) {
  const told = await conversation!.ask({ type: 'card', checkpoint, others: [] });
  if (told.type !== 'card') throw new Error(told.type);
  return told.preflight;
}

export async function runLarge(id: string, maxTokens: number) {
  const begun = performance.now();
  const { events, ms } = await conversation!.run({
    ...defaultExperiment,
    mode: 'generate',
    method: 'greedy',
    params: { model: 'large' },
    large: id,
    prompt: 'say 7: ',
    maxTokens,
    provider: 'wasm',
    kernels: 'cpu',
  });
  const written = events.find((event) => event.type === 'generated');
  return { tokens: written?.tokens ?? [], ms: performance.now() - begun, decodingMs: ms };
}

export function closeLarge(): void {
  conversation?.close();
  conversation = undefined;
}
