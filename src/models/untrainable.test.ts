// A model that cannot be trained: all operators that stand in the way are named, and what would do.

import { expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { familyBytes } from '../../test/families/index.ts';
import { untrainable } from '../../test/support/brokenCheckpoints.ts';
import { UserError } from '../core/errors.ts';
import { createTrainable } from './createTrainable.ts';

/** Llama whose logits pass through these as well. */
const through = (...ops: readonly string[]) =>
  ops.reduce((bytes, op, i) => untrainable(bytes, op, `before.${i}`), familyBytes('llama', 1));

const lora = { rank: 2, alpha: 4, targets: 'all', seed: 1 } as const;

async function refusal(bytes: Uint8Array<ArrayBuffer>, options = {}): Promise<UserError> {
  const runtime = await loadNodeRuntime();
  const made = createTrainable(bytes, runtime, { contextLength: 48, ...options });
  const error = await made.then(
    (one) => one.release(),
    (why: unknown) => why,
  );
  if (!(error instanceof UserError)) throw new Error(`not refused: ${error}`);
  expect(error.code).toBe('onnx');
  return error;
}

it('4-bit matrices: adapters would do, and do', async () => {
  const bytes = familyBytes('contrib llama int4', 1);
  const { message, remedy } = await refusal(bytes);
  expect(message).toMatch(/com\.microsoft\.MatMulNBits, \d+ times/);
  expect(remedy).toContain('LoRA adapters');
  expect(remedy).toContain('float32 export');
  const runtime = await loadNodeRuntime();
  const trainable = await createTrainable(bytes, runtime, { contextLength: 48, lora });
  await trainable.release();
});

it('operators without a gradient: all of them, with how often', async () => {
  const { message, remedy } = await refusal(through('Mish', 'Selu', 'Mish'));
  expect(message).toContain(
    'This model cannot be trained: there is no gradient for Mish (2 times), Selu (once).',
  );
  expect(remedy).toContain('Export the model without it');
  // Adapters would be no help: what they learn from comes through these.
  expect(remedy).not.toContain('LoRA');
  expect((await refusal(through('Mish'), { lora })).message).toContain('Mish (once)');
});

it('what is damaged is told as before', async () => {
  const { message } = await refusal(new Uint8Array(100).fill(255));
  expect(message).not.toContain('no gradient');
});
