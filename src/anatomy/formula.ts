// Why a tensor has so many numbers: its size as a product of the model's own sizes. V tokens, T positions, d elements
// of a state, f neurons, q and k elements of all query heads and of all key heads.

import type { Monomial, Sizes } from './part.ts';

/** The number itself, or a small multiple of one of the symbols in `order`, the first that fits. */
export function express(size: number, sizes: Sizes, order: readonly string[]): Monomial {
  for (const symbol of order) {
    if (sizes[symbol] === size) return { coefficient: 1, powers: { [symbol]: 1 } };
  }
  const d = sizes.d ?? 0;
  const multiple = size / d;
  if (d > 1 && Number.isInteger(multiple) && multiple <= 8 && order.includes('d')) {
    return { coefficient: multiple, powers: { d: 1 } };
  }
  return { coefficient: size, powers: {} };
}

export function multiply(a: Monomial, b: Monomial): Monomial {
  const powers: Record<string, number> = { ...a.powers };
  for (const [symbol, power] of Object.entries(b.powers)) {
    powers[symbol] = (powers[symbol] ?? 0) + power;
  }
  return { coefficient: a.coefficient * b.coefficient, powers };
}

export const countFrom = ({ coefficient, powers }: Monomial, sizes: Sizes): number =>
  Object.entries(powers).reduce(
    (product, [symbol, power]) => product * (sizes[symbol] ?? Number.NaN) ** power,
    coefficient,
  );

/** Terms in the same symbols become one; the largest comes first. */
export function sum(terms: readonly Monomial[], sizes: Sizes): readonly Monomial[] {
  const byPowers = new Map<string, Monomial>();
  for (const term of terms) {
    const key = symbolsOf(term);
    const before = byPowers.get(key)?.coefficient ?? 0;
    byPowers.set(key, { ...term, coefficient: before + term.coefficient });
  }
  return [...byPowers.values()].sort((a, b) => countFrom(b, sizes) - countFrom(a, sizes));
}

const ORDER = ['L', 'V', 'T', 'd', 'f', 'q', 'k'];
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function symbolsOf({ powers }: Monomial): string {
  return Object.entries(powers)
    .filter(([, power]) => power > 0)
    .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .map(([symbol, power]) => (power === 1 ? symbol : symbol + SUPERSCRIPTS[power]))
    .join('·');
}

/** `8d² + 5d`, `V·d`, `1 024`. */
export function formulaText(terms: readonly Monomial[]): string {
  if (terms.length === 0) return '0';
  return terms
    .map((term) => {
      const symbols = symbolsOf(term);
      if (symbols === '') return String(term.coefficient);
      return term.coefficient === 1 ? symbols : `${term.coefficient}${symbols}`;
    })
    .join(' + ');
}
