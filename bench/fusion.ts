// fuseLogits with alpha solved at every row, against a plain copy of as many bytes and against the same computation made
// of separate passes. All on one device in one run, taking turns; that both find the same alphas is checked first.
import { Pipelines } from '../src/backend/pipelines.ts';
import { copy } from '../src/kernels/copy.ts';
import { fuseLogits, SEARCH } from '../src/kernels/fuseLogits.ts';
import type { Kernel } from '../src/kernels/kernel.ts';
import { batchOf, subject, time } from './kernels.ts';
import { median } from './turns.ts';
import { foundByKernel, prepareUnfused } from './unfused.ts';

export interface FusionRow {
  readonly shape: string;
  /** Milliseconds, bytes and share of a copy's bandwidth: the kernel's. */
  readonly ms: number;
  readonly bytes: number;
  readonly shareOfCopy: number;
  /** The same computation in separate passes. */
  readonly unfusedMs: number;
  readonly unfusedBytes: number;
}

const GRID = { low: 0, step: 0.1, count: 21 } as const;
/** Rows of the vocabulary that is asked for. */
const VOCAB = 151_936;
const ROUNDS = { most: 5, least: 1, budgetMs: 10_000 } as const;

/** @param mostRows of shapes with more, separate passes take minutes on a software adapter: left out */
export async function benchFusion(
  device: GPUDevice,
  say: (line: string) => void,
  mostRows: number,
): Promise<FusionRow[]> {
  const pipelines = new Pipelines(device);
  const kernel = fuseLogits as unknown as Kernel;
  const rows: FusionRow[] = [];
  device.pushErrorScope('validation');
  for (const { why, make } of fuseLogits.bench) {
    const chosen = make();
    if (chosen.params.vocab !== VOCAB || chosen.params.rows > mostRows) continue;
    const { rows: count, experts, search } = chosen.params;
    const bytes = fuseLogits.bytes(chosen.params);
    const words = Math.round(bytes / 8);
    const fused = await subject(device, pipelines, kernel, chosen);
    const copied = await subject(device, pipelines, copy as unknown as Kernel, {
      params: { words },
      inputs: { source: new Uint32Array(words) },
    });
    const unfused = await prepareUnfused(device, chosen, GRID);
    const inPasses = async () => {
      const begun = performance.now();
      unfused.run();
      await device.queue.onSubmittedWorkDone();
      return performance.now() - begun;
    };

    await time(device, fused, 1);
    const own = foundByKernel(await fused.read('numbers'), count, experts);
    const first = await inPasses();
    const theirs = await unfused.found();
    own.forEach(({ alpha, expert }, row) => {
      const other = theirs[row]!;
      // Between the grid's points the kernel finds what lies beside the best of them.
      const far = search === SEARCH.grid ? 1e-5 : GRID.step;
      if (!(Math.abs(alpha - other.alpha) <= far) || expert !== other.expert) {
        throw new Error(
          `${why}, row ${row}: the kernel found ${alpha} for expert ${expert}, the passes ${other.alpha} for ${other.expert}`,
        );
      }
    });

    const runs = { fused: await batchOf(device, fused), copied: await batchOf(device, copied) };
    const times = { fused: [] as number[], copied: [] as number[], unfused: [] as number[] };
    const rounds = Math.min(
      ROUNDS.most,
      Math.max(ROUNDS.least, Math.floor(ROUNDS.budgetMs / first)),
    );
    for (let round = 0; round < rounds; round++) {
      times.fused.push((await time(device, fused, runs.fused)) / runs.fused);
      times.copied.push((await time(device, copied, runs.copied)) / runs.copied);
      times.unfused.push(await inPasses());
    }
    const ms = median(times.fused);
    const row = {
      shape: why,
      ms,
      bytes,
      shareOfCopy: median(times.copied) / ms,
      unfusedMs: median(times.unfused),
      unfusedBytes: unfused.bytes,
    };
    say(JSON.stringify(row));
    rows.push(row);
    fused.destroy();
    copied.destroy();
    unfused.destroy();
  }
  const complaint = await device.popErrorScope();
  if (complaint) throw new Error(complaint.message);
  return rows;
}
