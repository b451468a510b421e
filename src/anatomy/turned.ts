// A model's numbers as they are with the dials where they are. Tensors that nothing touches are the file's own; the
// others are copies. Whatever is turned, what comes out depends on the plan alone, and an empty plan is the file, bit
// for bit.

import type { Bits, Edit } from '../core/dials.ts';
import { type Failure, toFailure } from '../core/errors.ts';
import { threefry2x32 } from '../core/rng.ts';
import type { Anatomy } from './part.ts';
import { type Region, regionsOf } from './regions.ts';
import { isRounded, rounded } from './rounding.ts';
import { statisticsOf } from './statistics.ts';
import { shapeOf } from './tiles.ts';

type Floats = Float32Array<ArrayBuffer>;

export interface Plan {
  readonly bits: Bits;
  /** Made one after the other. */
  readonly edits: readonly Edit[];
  /** Of noise. */
  readonly seed: number;
}

export interface Applied {
  /** What may hold other numbers now than before. */
  readonly changed: readonly Region[];
  /** Edits that could not be made, by their number in the plan. */
  readonly failures: ReadonlyMap<number, Failure>;
  /** How many numbers the edits address, each counted once per edit. */
  readonly touched: number;
}

export class Turned {
  readonly #anatomy: Anatomy;
  readonly #base: ReadonlyMap<string, Floats>;
  /** Copies, of what was touched. */
  readonly #own = new Map<string, Floats>();
  readonly #rounded = new Map<string, Floats>();
  readonly #columns: ReadonlyMap<string, number>;
  readonly #deviations = new Map<string, number>();
  #bits: Bits = 32;
  #touched: readonly Region[] = [];

  /** @param base the file's numbers by tensor; never written to */
  constructor(anatomy: Anatomy, base: ReadonlyMap<string, Floats>) {
    this.#anatomy = anatomy;
    this.#base = base;
    this.#columns = new Map(anatomy.parts.map(({ name, dims }) => [name, shapeOf(dims).columns]));
  }

  /** The numbers of a tensor as they are; not to be written to. Another array once the tensor is touched first. */
  values(name: string): Floats {
    return this.#own.get(name) ?? this.#base.get(name)!;
  }

  apply({ bits, edits, seed }: Plan): Applied {
    const changed: Region[] = [];
    if (bits !== this.#bits) {
      this.#round(bits);
      changed.push(...this.#anatomy.parts.filter(isRounded).map(wholeOf));
    }
    for (const region of this.#touched) this.#restore(region);
    changed.push(...this.#touched);
    const touched: Region[] = [];
    const failures = new Map<number, Failure>();
    edits.forEach((edit, number) => {
      try {
        const regions = regionsOf(edit.target, this.#anatomy);
        for (const region of regions) this.#make(edit, region, seed + number);
        touched.push(...regions);
      } catch (error) {
        failures.set(number, toFailure(error));
      }
    });
    this.#touched = touched;
    changed.push(...touched);
    return {
      changed,
      failures,
      touched: touched.reduce((sum, { rows, columns }) => sum + rows * columns, 0),
    };
  }

  #round(bits: Bits): void {
    this.#bits = bits;
    this.#rounded.clear();
    for (const part of this.#anatomy.parts.filter(isRounded)) {
      const { name } = part;
      const base = this.#base.get(name)!;
      if (bits !== 32) this.#rounded.set(name, rounded(base, this.#columns.get(name)!, bits));
      const own = this.#own.get(name);
      const plain = this.#rounded.get(name) ?? base;
      if (own) own.set(plain);
      else if (bits !== 32) this.#own.set(name, plain.slice());
    }
  }

  #restore(region: Region): void {
    const plain = this.#rounded.get(region.tensor) ?? this.#base.get(region.tensor)!;
    const own = this.#own.get(region.tensor)!;
    this.#each(region, (start, end) => own.set(plain.subarray(start, end), start));
  }

  #make({ action, amount }: Edit, region: Region, stream: number): void {
    const { tensor } = region;
    const own = this.#own.get(tensor) ?? this.#base.get(tensor)!.slice();
    this.#own.set(tensor, own);
    const scale = action === 'noise' ? amount * this.#deviation(tensor) : amount;
    this.#each(region, (start, end) => {
      switch (action) {
        case 'set':
          own.fill(amount, start, end);
          break;
        case 'zero':
          own.fill(0, start, end);
          break;
        case 'scale':
          for (let i = start; i < end; i++) own[i]! *= amount;
          break;
        case 'flip':
          for (let i = start; i < end; i++) own[i] = -own[i]!;
          break;
        default:
          for (let i = start; i < end; i++) own[i]! += scale * normal(stream, i);
      }
    });
  }

  /** Of the file's own numbers, so that noise is as loud whatever was turned before. */
  #deviation(tensor: string): number {
    const known = this.#deviations.get(tensor) ?? statisticsOf(this.#base.get(tensor)!).deviation;
    this.#deviations.set(tensor, known);
    return known;
  }

  /** Contiguous runs of elements. */
  #each({ tensor, row, rows, column, columns }: Region, act: (start: number, end: number) => void) {
    const width = this.#columns.get(tensor)!;
    if (columns === width) return act(row * width, (row + rows) * width);
    for (let r = row; r < row + rows; r++) act(r * width + column, r * width + column + columns);
  }
}

const wholeOf = ({ name, dims }: { readonly name: string; readonly dims: readonly number[] }) => ({
  tensor: name,
  row: 0,
  column: 0,
  ...shapeOf(dims),
});

/** Normal by Box and Muller, by address: element i of a stream is always the same number. */
function normal(stream: number, i: number): number {
  const [a, b] = threefry2x32(stream, 0x6e6f6973, i, 0);
  return Math.sqrt(-2 * Math.log((a + 1) * 2 ** -32)) * Math.cos(2 * Math.PI * b * 2 ** -32);
}
