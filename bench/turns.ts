// Contenders measured side by side: they take turns, in blocks long enough for a coarse clock, so that what the machine
// does meanwhile hits all of them alike.

/** Milliseconds that this process has computed so far; others on the same cores do not count. */
export type Clock = () => Promise<number> | number;

export interface Contender {
  readonly name: string;
  run(): Promise<unknown>;
}

export interface TurnOptions {
  readonly rounds: number;
  /** Runs of a contender follow one another until they have taken about this long. */
  readonly blockMs: number;
  /** Waits for what was only queued, on a GPU; counted. */
  readonly settle?: () => Promise<unknown>;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Milliseconds of one run, by name: the median over rounds. What is new to a runtime was run before. */
export async function takeTurns(
  contenders: readonly Contender[],
  clock: Clock,
  { rounds, blockMs, settle }: TurnOptions,
): Promise<ReadonlyMap<string, number>> {
  const block = async ({ run }: Contender, runs: number): Promise<number> => {
    const begun = await clock();
    for (let i = 0; i < runs; i++) await run();
    await settle?.();
    return ((await clock()) - begun) / runs;
  };
  const runs: number[] = [];
  for (const contender of contenders) {
    await block(contender, 2);
    let count = 1;
    let ms = await block(contender, count);
    while (ms * count < blockMs / 2) {
      count *= 2;
      ms = await block(contender, count);
    }
    runs.push(Math.max(1, Math.round(blockMs / ms)));
  }
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      times[i]!.push(await block(contender, runs[i]!));
    }
  }
  return new Map(contenders.map(({ name }, i) => [name, median(times[i]!)]));
}
