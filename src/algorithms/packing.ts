// Packing: rows laid end to end, so that a pass reads fewer and fuller rows. Each text keeps its own positions and
// sees no other (core/trainable.ts), so that what is learned is what one row each would teach; only the time differs.
// First-fit in the order of the batch (Johnson, "Near-optimal bin packing algorithms", 1973): a row goes to the first
// place that has room for all of it.

import { type TokenRow, tooLong } from '../core/trainable.ts';

/**
 * The same texts in as few rows of at most `capacity` tokens as first-fit finds.
 * @throws UserError 'context' for a text that is longer than that
 */
export function packRows(rows: readonly TokenRow[], capacity: number): TokenRow[] {
  const places: { room: number; readonly texts: TokenRow[] }[] = [];
  rows.forEach((row, number) => {
    const length = row.tokens.length;
    if (length > capacity) throw tooLong(number, length, capacity);
    let place = places.find(({ room }) => room >= length);
    if (place === undefined) {
      place = { room: capacity, texts: [] };
      places.push(place);
    }
    place.room -= length;
    place.texts.push(row);
  });
  return places.map(({ texts }) => (texts.length === 1 ? texts[0]! : joined(texts)));
}

function joined(texts: readonly TokenRow[]): TokenRow {
  let at = 0;
  const starts = texts.map(({ tokens }) => {
    const start = at;
    at += tokens.length;
    return start;
  });
  return {
    tokens: texts.flatMap(({ tokens }) => tokens),
    targets: texts.flatMap(({ targets }) => targets),
    weights: texts.flatMap(({ weights }) => weights),
    starts,
  };
}
