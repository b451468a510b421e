// First passes are slow: WebAssembly is still being optimised, GPU pipelines are compiled per shape class.
// They are made here, before anything is timed; they also show whether the model keeps what its signature
// promises.

import { DeviceLogits } from '../backend/logits.ts';
import { UserError } from '../core/errors.ts';
import type { OnnxModel } from './onnxModel.ts';

/** One-token passes, unless they take longer than the budget. */
const PASSES = 24;
const BUDGET_MS = 250;

/** @returns rows of the model's head. @throws UserError 'checkpoint' when the first passes fail */
export async function warmUp(model: OnnxModel): Promise<number> {
  const decoder = model.decoder(1);
  const most = Math.min(model.config.contextLength, PASSES + 8);
  const y = Array.from({ length: Math.min(8, most) }, () => 0);
  let rows = 0;
  const pass = async (from: number) => {
    const logits = await decoder.logits(y, from);
    if (logits instanceof DeviceLogits) rows = logits.layout.stride;
    logits.dispose();
  };
  try {
    await pass(y.length);
    const begin = performance.now();
    while (y.length < most && performance.now() - begin < BUDGET_MS) {
      y.push(0);
      await pass(y.length);
    }
    // A rollback and a reading of several tokens at once.
    y.length = Math.max(1, y.length - 4);
    await pass(Math.max(1, y.length - 6));
  } catch (cause) {
    throw new UserError(
      'checkpoint',
      `${model.name} could be loaded, but its first forward pass failed.`,
      'Its inputs or shapes are not those of a decoder with cache; the details say where.',
      { cause: cause instanceof UserError ? cause.cause : cause },
    );
  } finally {
    decoder.reset();
  }
  return rows;
}
