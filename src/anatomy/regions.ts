// Which numbers a target means in a given model: rectangles of its tensors.

import type { Target } from '../core/dials.ts';
import { UserError } from '../core/errors.ts';
import type { Anatomy, Part, Purpose } from './part.ts';
import { shapeOf } from './tiles.ts';

/** A rectangle of a tensor, whose last axis goes along; a vector is one row. */
export interface Region {
  readonly tensor: string;
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** @throws UserError 'experiment' for a tensor that the model does not have, and an index beyond the end */
export function regionsOf(target: Target, anatomy: Anatomy): readonly Region[] {
  switch (target.kind) {
    case 'layer': {
      checkIndex('layer', target.layer, anatomy.layers, 'The model');
      return anatomy.parts.filter((part) => part.layer === target.layer).map(whole);
    }
    case 'head':
      return headRegions(target.layer, target.index, anatomy);
    case 'neuron':
      return neuronRegions(target.layer, target.index, anatomy);
    default: {
      const part = partNamed(target.tensor, anatomy);
      if (target.kind === 'tensor') return [whole(part)];
      const { rows, columns } = shapeOf(part.dims);
      const owner = `“${part.name}”`;
      if (target.kind === 'row') {
        checkIndex('row', target.index, rows, owner);
        return [{ tensor: part.name, row: target.index, rows: 1, column: 0, columns }];
      }
      if (target.kind === 'column') {
        checkIndex('column', target.index, columns, owner);
        return [{ tensor: part.name, row: 0, rows, column: target.index, columns: 1 }];
      }
      checkIndex('element', target.index, part.count, owner);
      const row = Math.floor(target.index / columns);
      return [{ tensor: part.name, row, rows: 1, column: target.index % columns, columns: 1 }];
    }
  }
}

/** @throws UserError 'experiment' */
export function partNamed(name: string, anatomy: Anatomy): Part {
  const part = anatomy.parts.find((one) => one.name === name);
  if (part) return part;
  throw new UserError(
    'experiment',
    `The model has no parameter tensor called “${name}”.`,
    'The edit was made for another checkpoint: choose that one, or remove the edit.',
  );
}

function checkIndex(what: string, index: number, count: number, owner: string): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  const range = count === 0 ? 'none' : `${count} of them, numbered 0 to ${count - 1}`;
  throw new UserError(
    'experiment',
    `There is no ${what} ${index}: ${owner} has ${range}.`,
    'Choose a number in that range, or remove the edit.',
  );
}

const whole = ({ name, dims }: Part): Region => ({
  tensor: name,
  row: 0,
  column: 0,
  ...shapeOf(dims),
});

/** Some outputs, or some inputs, of a projection; of a bias its elements, which are outputs. */
function band(part: Part, side: 'outputs' | 'inputs', first: number, count: number): Region {
  const all = whole(part);
  if (all.rows === 1) return { ...all, column: first, columns: count };
  const along = (part.outputs === 'columns') === (side === 'outputs');
  return along ? { ...all, column: first, columns: count } : { ...all, row: first, rows: count };
}

function headRegions(layer: number, index: number, { parts, heads, layers }: Anatomy) {
  checkIndex('layer', layer, layers, 'The model');
  const own = parts.filter((part) => part.layer === layer && part.block === 'attention');
  if (!heads) {
    throw new UserError(
      'experiment',
      'How this model’s attention is divided into heads could not be told from its files.',
      'Turn rows, columns or whole tensors instead.',
    );
  }
  checkIndex('head', index, heads.query, `Layer ${layer}`);
  const { query, keyValue, size } = heads;
  return own.flatMap((part): Region[] => {
    const at = index * size;
    switch (part.purpose) {
      case 'queryKeyValue': {
        // All queries, then all keys, then all values.
        const starts = [0, query * size, (query + keyValue) * size];
        const alone = query === keyValue ? starts : [0];
        return alone.map((start) => band(part, 'outputs', start + at, size));
      }
      case 'query':
        return [band(part, 'outputs', at, size)];
      case 'key':
      case 'value':
        // A key or value head that several query heads share belongs to none of them.
        return query === keyValue ? [band(part, 'outputs', at, size)] : [];
      case 'attentionOutput':
        return part.kind === 'bias' ? [] : [band(part, 'inputs', at, size)];
      default:
        return [];
    }
  });
}

const FIRST: readonly Purpose[] = ['up', 'gate'];

/** Neurons of each MLP. */
export function neuronsOf({ parts }: Anatomy, layer: number): number {
  const down = parts.find(
    (part) => part.layer === layer && part.purpose === 'down' && part.kind === 'weight',
  );
  if (!down) return 0;
  const { rows, columns } = shapeOf(down.dims);
  return down.outputs === 'columns' ? rows : columns;
}

function neuronRegions(layer: number, index: number, anatomy: Anatomy): readonly Region[] {
  checkIndex('layer', layer, anatomy.layers, 'The model');
  const neurons = neuronsOf(anatomy, layer);
  checkIndex('neuron', index, neurons, `Layer ${layer}`);
  const own = anatomy.parts.filter((part) => part.layer === layer && part.block === 'mlp');
  return own.flatMap((part): Region[] => {
    if (FIRST.includes(part.purpose)) {
      const { rows, columns } = shapeOf(part.dims);
      const outputs = rows === 1 || part.outputs === 'columns' ? columns : rows;
      // Gate and up in one matrix, one after the other.
      const starts = outputs === 2 * neurons ? [index, neurons + index] : [index];
      return starts.map((start) => band(part, 'outputs', start, 1));
    }
    return part.purpose === 'down' && part.kind === 'weight'
      ? [band(part, 'inputs', index, 1)]
      : [];
  });
}

/** How many numbers. */
export const countOf = (regions: readonly Region[]): number =>
  regions.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
