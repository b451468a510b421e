// fuseLogits with alpha solved at every row, against a plain copy of as many bytes and against the same computation made
// of separate passes. All on one device in one run, taking turns; that both find the same alphas is checked first.
import { Pipelines } from '../src/backend/pipelines.ts';
import { copy } from '../src/kernels/copy.ts';
import { fuseShapes } from '../src/kernels/fuseCases.ts';
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
  /** How often each was measured. */
  readonly rounds: number;
  /** Largest difference between the alphas that both found. */
  readonly apart: number;
  /** Rows in which both chose different experts that are as good, within 1e-4 of the loss. */
  readonly otherExperts: number;
}

const GRID = { low: 0, step: 0.1, count: 21 } as const;
/** Separate passes that take longer than the budget are measured once, and the kernel beside them twice. */
const ROUNDS = { most: 7, fewest: 3, besideOne: 2, budgetMs: 6_000 } as const;
const MOST_APART = 1e-5;
/** Share by which the losses of two experts differ that are as good as each other. */
const AS_GOOD = 1e-4;
const BATCH_MS = 15;

/** @param mostRows of shapes with more nothing is measured */
export async function benchFusion(
  device: GPUDevice,
  say: (line: string) => void,
  mostRows: number,
): Promise<FusionRow[]> {
  const pipelines = new Pipelines(device);
  const kernel = fuseLogits as unknown as Kernel;
  const found: FusionRow[] = [];
  device.pushErrorScope('validation');
  let made: ReturnType<(typeof fuseLogits.bench)[number]['make']> | undefined;
  for (const { why, rows, setting } of fuseShapes) {
    if (rows > mostRows) continue;
    // All shapes with as many rows have the same logits, which take a while to make.
    if (made?.params.rows !== rows) made = fuseLogits.bench.find((one) => one.why === why)!.make();
    const { inputs } = made;
    const params = { ...made.params, ...GRID, ...setting };
    const { experts, search } = setting;
    const bytes = fuseLogits.bytes(params);
    const words = Math.round(bytes / 8);
    const fused = await subject(device, pipelines, kernel, { params, inputs });
    const copied = await subject(device, pipelines, copy as unknown as Kernel, {
      params: { words },
      inputs: { source: new Uint32Array(words) },
    });
    const refined = search === SEARCH.refined;
    const unfused = await prepareUnfused(device, { params, inputs, grid: GRID, refined });

    await time(device, fused, 1);
    const own = foundByKernel(await fused.read('numbers'), rows, experts);
    const first = await unfused.time(1);
    const theirs = await unfused.found();
    const differences = own.flatMap((mine, row) => {
      const other = theirs[row]!;
      const apart = Math.abs(mine.alpha - other.alpha);
      if (mine.expert === other.expert && apart <= MOST_APART) return apart;
      // Where two experts are as good as each other, rounding decides.
      const worse = Math.abs(mine.loss - other.loss) / Math.min(mine.loss, other.loss);
      if (refined && mine.expert !== other.expert && worse <= AS_GOOD) return [];
      throw new Error(
        `${why}, row ${row}: the kernel found ${JSON.stringify(mine)}, the passes ${JSON.stringify(other)}`,
      );
    });

    const times = { fused: [] as number[], copied: [] as number[], unfused: [] as number[] };
    const once = first > ROUNDS.budgetMs;
    const runs = {
      fused: once ? 1 : await batchOf(device, fused),
      copied: await batchOf(device, copied),
    };
    const rounds = once
      ? ROUNDS.besideOne
      : Math.min(ROUNDS.most, Math.max(ROUNDS.fewest, Math.floor(ROUNDS.budgetMs / first)));
    const unfusedRuns = Math.max(1, Math.round(BATCH_MS / first));
    if (once) times.unfused.push(first);
    for (let round = 0; round < rounds; round++) {
      times.fused.push((await time(device, fused, runs.fused)) / runs.fused);
      times.copied.push((await time(device, copied, runs.copied)) / runs.copied);
      if (!once) times.unfused.push((await unfused.time(unfusedRuns)) / unfusedRuns);
    }
    const ms = median(times.fused);
    const row = {
      shape: why,
      ms,
      bytes,
      shareOfCopy: median(times.copied) / ms,
      unfusedMs: median(times.unfused),
      unfusedBytes: unfused.bytes,
      rounds: times.unfused.length,
      apart: Math.max(...differences),
      otherExperts: rows - differences.length,
    };
    say(JSON.stringify(row));
    found.push(row);
    fused.destroy();
    copied.destroy();
    unfused.destroy();
  }
  const complaint = await device.popErrorScope();
  if (complaint) throw new Error(complaint.message);
  return found;
}
