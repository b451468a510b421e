// First passes are slow: WebAssembly is still being optimised, GPU programs are compiled per class of shapes.
// They are made here, before anything is timed; they also show whether the model keeps what its signature
// promises.

import { DeviceLogits } from '../backend/logits.ts';
import { UserError } from '../core/errors.ts';
import type { OnnxModel } from './onnxModel.ts';

/** Lengths of prompts; measured on a software adapter, each of them needs programs that the others do not. */
const PROMPTS = [24, 14, 6];
/** One-token passes, and readings of a whole draft, unless they take longer than the budget. */
const PASSES = 24;
const READINGS = 16;
/** Positions that are fed to read a draft: its tokens and the one before. */
const DRAFT = 11;
const BUDGET_MS = 250;

/** @returns rows of the model's head. @throws UserError 'checkpoint' when the first passes fail */
export async function warmUp(model: OnnxModel): Promise<number> {
  const decoder = model.decoder(1);
  const most = model.config.contextLength;
  const y: number[] = [];
  let rows = 0;
  const pass = async (length: number, from: number) => {
    while (y.length < length) y.push(0);
    y.length = length;
    const logits = await decoder.logits(y, from);
    if (logits instanceof DeviceLogits) rows = logits.layout.stride;
    logits.dispose();
  };
  try {
    for (const length of PROMPTS) {
      decoder.forget();
      await pass(Math.min(length, most), 1);
    }
    const begin = performance.now();
    for (let n = 0; n < PASSES && y.length < most; n++) {
      if (performance.now() - begin > BUDGET_MS) break;
      await pass(y.length + 1, y.length + 1);
    }
    // Reading a draft at once is other machine code, which has to be warm as well; each time after a rollback.
    // (On a GPU one suffices: its programs are compiled once.)
    const half = performance.now();
    const readings = model.runtime.device ? 1 : READINGS;
    for (let n = 0; n < readings; n++) {
      if (n > 0 && performance.now() - half > BUDGET_MS) break;
      await pass(Math.max(1, y.length), Math.max(1, y.length - DRAFT + 1));
    }
    await model.runtime.device?.queue.onSubmittedWorkDone();
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
