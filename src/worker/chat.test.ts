// Prompts as chat, through the engine as the page does it: a checkpoint that comes with a template is tried and run, and
// what it reads are the template's own tokens, none of them twice.

import { expect, it } from 'vitest';
import { type Files, jsonFile, tokenizerFiles } from '../../test/families/folders.ts';
import { familyBytes, familyConfig } from '../../test/families/index.ts';
import { is, workerWithFiles } from '../../test/support/workerWithFiles.ts';
import type { RunEvent } from '../core/events.ts';
import { MODEL_PATH } from '../models/canonical.ts';

/** The vocabulary has three special tokens, so turns end with the one that ends a text. */
const TEMPLATE =
  '{{ bos_token }}{% for m in messages %}{{ m.role + ": " + m.content + eos_token }}{% endfor %}' +
  '{% if add_generation_prompt %}assistant: {% endif %}';

const filesOf = (family: 'qwen2' | 'llama', template?: string): Files => {
  const files = tokenizerFiles().set(
    'config.json',
    jsonFile({ ...familyConfig, max_position_embeddings: 96 }),
  );
  if (template !== undefined) files.set('chat_template.jinja', new TextEncoder().encode(template));
  return files.set(MODEL_PATH, familyBytes(family));
};

const promptOf = (events: readonly RunEvent[]) =>
  events.flatMap((one) => (one.type === 'prompt' ? one.pieces.map(({ id }) => id) : []));
const writtenBy = (events: readonly RunEvent[]) =>
  events.flatMap((one) => (one.type === 'generated' ? [...one.tokens] : []));

it('what the card shows is what a run reads', async () => {
  const { ask, keep, run } = await workerWithFiles();
  const id = await keep('chatty', filesOf('qwen2', TEMPLATE));
  const tried = is(
    'tokenized',
    await ask({ type: 'tokenize', checkpoint: id, text: 'say 7', system: '' }),
  );
  expect(tried.rendered).toBe('<bos>user: say 7<eos>assistant: ');
  const ids = tried.tokens.map((token) => token.id);
  expect(ids.filter((one) => one === 1)).toHaveLength(1);
  expect(ids.filter((one) => one === 2)).toHaveLength(1);
  const told = await ask({ type: 'tokenize', checkpoint: id, text: 'say 7', system: 'Be brief.' });
  expect(is('tokenized', told).rendered).toContain('<bos>system: Be brief.<eos>user: say 7');

  const large = { large: id, params: { model: 'large' } };
  const events = await run({ ...large, promptAs: 'chat' });
  expect(promptOf(events)).toEqual(ids);
  // The model knows no more of it than its tokens: the same text, typed out, is answered the same.
  const typed = await run({ ...large, prompt: tried.rendered! });
  expect(promptOf(typed)).toEqual(ids);
  expect(writtenBy(typed)).toEqual(writtenBy(events));
  expect(promptOf(await run(large))).toHaveLength(6);
});

it('the template is the writing model’s; who shares its vocabulary reads the same tokens', async () => {
  const { ask, keep, run } = await workerWithFiles();
  const large = await keep('chatty', filesOf('qwen2', TEMPLATE));
  const small = await keep('plain', filesOf('llama'));
  const { vocabularies } = is(
    'vocabularies',
    await ask({ type: 'vocabularies', checkpoints: [large, small] }),
  );
  expect([vocabularies[large]?.chat, vocabularies[small]?.chat]).toEqual([true, undefined]);
  const method = { method: 'speculative' as const, params: { temperature: 0 } };
  const both = await run({ large, small, ...method, promptAs: 'chat' });
  const alone = await run({ large, params: { model: 'large' }, promptAs: 'chat' });
  expect(promptOf(both)).toEqual(promptOf(alone));
  // Without chance, speculative decoding writes what the large model writes.
  expect(writtenBy(both)).toEqual(writtenBy(alone));

  const failed = await run({ large: small, params: { model: 'large' }, promptAs: 'chat' });
  expect(failed).toMatchObject([
    {
      type: 'failed',
      failure: { code: 'prompt', message: expect.stringContaining('no chat template') },
    },
  ]);
});

it('a template that is wrong is told of in words, where it is used', async () => {
  const { ask, keep, run } = await workerWithFiles();
  const id = await keep('odd', filesOf('qwen2', '{% for m in messages %}'));
  const answer = await ask({ type: 'tokenize', checkpoint: id, text: 'a', system: '' });
  expect(is('refused', answer).failure).toMatchObject({
    code: 'tokenizer',
    message: 'The chat template of odd could not be read.',
  });
  const large = { large: id, params: { model: 'large' } };
  expect(await run({ ...large, promptAs: 'chat' })).toMatchObject([{ type: 'failed' }]);
  // Plain text needs no template.
  expect(writtenBy(await run(large))).not.toEqual([]);
});
