// Random numbers by address instead of by state: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror,
// Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Only additions, rotations and
// exclusive ors of 32-bit words, so shaders/lib/random.wgsl gives the same bits. A draw has an address
// (seed, run, step, row); what was drawn before, by whom, or in which batch cannot change it.

/** Where one draw lives. All four are taken modulo 2^32. */
export interface DrawAddress {
  /** The experiment's seed. */
  readonly seed: number;
  /** Which generation within the experiment (problem index, sample index). */
  readonly run: number;
  /** Position in the sequence. */
  readonly step: number;
  /** Row of the batch, or the number of the draw within a step. */
  readonly row: number;
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/** Threefry-2x32-20 of counter (c0, c1) under key (k0, k1); two unsigned 32-bit words. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const key = [k0 >>> 0, k1 >>> 0, (PARITY ^ k0 ^ k1) >>> 0] as const;
  let x0 = (c0 + key[0]) >>> 0;
  let x1 = (c1 + key[1]) >>> 0;
  for (let round = 0; round < 20; round++) {
    const r = ROTATIONS[round % 8] as number;
    x0 = (x0 + x1) >>> 0;
    x1 = (((x1 << r) | (x1 >>> (32 - r))) ^ x0) >>> 0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x0 = (x0 + (key[s % 3] as number)) >>> 0;
      x1 = (x1 + (key[(s + 1) % 3] as number) + s) >>> 0;
    }
  }
  return [x0, x1];
}

/** A uniform number in [0, 1) with 24 random bits, exactly representable in float32. */
export function uniform(address: DrawAddress): number {
  const [bits] = threefry2x32(address.seed, address.run, address.step, address.row);
  return (bits >>> 8) * 2 ** -24;
}

/** A stream of uniforms for generators of problems; `draw` counts up from 0. */
export function uniforms(seed: number, run: number): () => number {
  let draw = 0;
  return () => uniform({ seed, run, step: draw++, row: 0 });
}
