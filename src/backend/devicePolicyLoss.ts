// A policy's loss on a device, in as many dispatches as its largest binding asks for: logits of all sequences at once may
// be more than one binding holds.

import { UserError } from '../core/errors.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import { grpoLoss } from '../kernels/grpoLoss.ts';
import { FLAG, GIVEN, grpoParams, TERM } from '../kernels/policyFields.ts';
import { BAD_ENTROPY } from '../kernels/tokenLogProbs.ts';
import type { PolicyRows, PolicyWords } from './policyWords.ts';
import type { WebGpuRunner } from './webgpu.ts';

/**
 * Makes the logits of sequences, `columns` rows each, the gradient of the objective's loss. Resolves as soon as that is
 * submitted. Sequences stay whole where they share a ratio.
 * @param logits rows x vocab
 * @returns what was found, NaN where logits are no numbers; and whether all that came in or out is a number
 * @throws UserError 'gpu' when one sequence is more than a binding holds
 */
export async function policyLoss(
  runner: WebGpuRunner,
  logits: GPUBuffer,
  vocab: number,
  { columns, targets, given, old }: PolicyRows,
  policy: PolicyObjective,
): Promise<{ readonly found: Promise<PolicyWords>; readonly good: Promise<boolean> }> {
  const objective = grpoParams(policy, old);
  const rows = targets.length;
  const { maxStorageBufferBindingSize: most, minStorageBufferOffsetAlignment: align } =
    runner.device.limits;
  const fits = Math.floor((most - align) / (4 * vocab));
  const shared = (objective.flags & FLAG.sequence) !== 0;
  const chunk = shared ? Math.floor(fits / columns) * columns : fits;
  if (chunk < 1) throw tooWide(4 * vocab * (shared ? columns : 1), most);
  const parts: Promise<PolicyWords>[] = [];
  for (let first = 0; first < rows; first += chunk) {
    const last = Math.min(rows, first + chunk);
    const wanted = { rows: last - first, vocab, base: first * vocab, pitch: vocab };
    const { logits: range, window } = runner.rows(logits, wanted);
    const inputs = {
      targets: targets.subarray(first, last),
      given: given.subarray(GIVEN.size * first, GIVEN.size * last),
      logits: range,
    };
    parts.push(
      (await runner.start(grpoLoss, { ...window, columns, ...objective }, inputs)).outputs,
    );
  }
  let good = given.every(Number.isFinite);
  const found = Promise.all(parts).then((all): PolicyWords => {
    const terms = new Float32Array(TERM.size * rows);
    const clips = new Uint32Array(rows);
    all.forEach((part, i) => {
      terms.set(part.terms, TERM.size * chunk * i);
      clips.set(part.clips, chunk * i);
    });
    for (let row = 0; row < rows; row++) {
      const at = TERM.size * row;
      if (terms[at + TERM.entropy] !== BAD_ENTROPY) continue;
      // The kernel leaves such rows without a gradient, and WGSL may take a NaN for anything.
      terms.fill(Number.NaN, at, at + TERM.size);
      good = false;
    }
    return { terms, clips };
  });
  return { found, good: found.then(() => good) };
}

const tooWide = (bytes: number, most: number) =>
  new UserError(
    'gpu',
    `The logits of one completion are ${(bytes / 2 ** 20).toFixed(0)} MiB; this GPU binds ${(most / 2 ** 20).toFixed(0)} MiB at a time.`,
    'Allow shorter completions, choose a loss with a ratio for each token, or train on wasm.',
  );
