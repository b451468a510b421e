// Symbolic dimensions. A training graph must serve every batch and length, so a dim is a number or a polynomial
// with integer coefficients in named symbols (batch_size, sequence_length), and un-broadcasting, reshaping and
// shape computations are decided once, when the graph is built. Every symbol stands for an integer of at least 1:
// that is what lets `Where(Equal(shape, -1), 1, shape)`, which exporters put around Expand, fold away.

/** coefficient * product of symbols; symbols sorted, repeated for powers. */
export interface Term {
  readonly coefficient: number;
  readonly symbols: readonly string[];
}

/** At least one symbol occurs (else it is a number); terms sorted from the greatest, none zero. */
export interface Poly {
  readonly terms: readonly Term[];
  /** Canonical text: equal polynomials have equal keys. */
  readonly key: string;
}

export type Dim = number | Poly;

/** Graded lexicographic order, greatest first: the order that makes exact division terminate. */
function compareMonomials(a: readonly string[], b: readonly string[]): number {
  if (a.length !== b.length) return b.length - a.length;
  for (const [i, symbol] of a.entries()) {
    const other = b[i]!;
    if (symbol !== other) return symbol < other ? -1 : 1;
  }
  return 0;
}

function termsOf(dim: Dim): readonly Term[] {
  if (typeof dim !== 'number') return dim.terms;
  return dim === 0 ? [] : [{ coefficient: dim, symbols: [] }];
}

function fromTerms(terms: readonly Term[]): Dim {
  const sums = new Map<string, { coefficient: number; symbols: readonly string[] }>();
  for (const { coefficient, symbols } of terms) {
    const id = JSON.stringify(symbols);
    const sum = sums.get(id);
    if (sum === undefined) sums.set(id, { coefficient, symbols });
    else sum.coefficient += coefficient;
  }
  const kept = [...sums.values()]
    .filter((term) => term.coefficient !== 0)
    .sort((a, b) => compareMonomials(a.symbols, b.symbols));
  const first = kept[0];
  if (first === undefined) return 0;
  if (first.symbols.length === 0) return first.coefficient;
  const key = kept
    .map(({ coefficient, symbols }) =>
      symbols.length === 0
        ? `${coefficient}`
        : coefficient === 1
          ? symbols.join('*')
          : `${coefficient}*${symbols.join('*')}`,
    )
    .join(' + ');
  return { terms: kept, key };
}

export function symbol(name: string): Poly {
  return { terms: [{ coefficient: 1, symbols: [name] }], key: name };
}

export function show(dim: Dim): string {
  return typeof dim === 'number' ? `${dim}` : dim.key;
}

export function same(a: Dim, b: Dim): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : a.key === b.key;
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, i) => same(dim, b[i]!));
}

export function add(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return fromTerms([...termsOf(a), ...termsOf(b)]);
}

export function sub(a: Dim, b: Dim): Dim {
  return add(a, mul(b, -1));
}

export function mul(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  return fromTerms(
    termsOf(a).flatMap((x) =>
      termsOf(b).map((y) => ({
        coefficient: x.coefficient * y.coefficient,
        symbols: [...x.symbols, ...y.symbols].sort(),
      })),
    ),
  );
}

export function product(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(mul, 1);
}

/** What remains of `from` when each of `take` is removed once; undefined if one is missing. */
function without(from: readonly string[], take: readonly string[]): string[] | undefined {
  const rest = [...from];
  for (const name of take) {
    const at = rest.indexOf(name);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest;
}

/** a / b where that is again a polynomial with integer coefficients, else undefined. */
export function divideExact(a: Dim, b: Dim): Dim | undefined {
  const divisor = termsOf(b)[0];
  if (divisor === undefined) return undefined;
  const quotient: Term[] = [];
  let rest = a;
  for (;;) {
    const leading = termsOf(rest)[0];
    if (leading === undefined) return fromTerms(quotient);
    const symbols = without(leading.symbols, divisor.symbols);
    const coefficient = leading.coefficient / divisor.coefficient;
    if (symbols === undefined || !Number.isInteger(coefficient)) return undefined;
    const term = { coefficient, symbols };
    quotient.push(term);
    rest = sub(rest, mul(fromTerms([term]), b));
  }
}

/** Replaces symbols; those not named stay. */
export function bind(dim: Dim, bindings: Readonly<Record<string, Dim>>): Dim {
  if (typeof dim === 'number') return dim;
  return dim.terms.reduce<Dim>((sum, { coefficient, symbols }) => {
    const factors = symbols.map((name) => bindings[name] ?? symbol(name));
    return add(sum, mul(coefficient, product(factors)));
  }, 0);
}

/** The number that the dim has when its symbols have these values. Throws if one is not given. */
export function evaluate(dim: Dim, values: Readonly<Record<string, number>>): number {
  const bound = bind(dim, values);
  if (typeof bound !== 'number') throw new Error(`no value for a symbol of ${bound.key}`);
  return bound;
}

/** True if it is at least 1 for all symbol values of at least 1 (sufficient, not necessary). */
export function isPositive(dim: Dim): boolean {
  return typeof dim === 'number' ? dim >= 1 : dim.terms.every((term) => term.coefficient > 0);
}

export function symbolsOf(dims: readonly Dim[]): Set<string> {
  return new Set(dims.flatMap((dim) => termsOf(dim).flatMap((term) => term.symbols)));
}

/** dim_param as exporters write it: a name, or a sum of products such as `past_sequence_length + 1`. */
export function parseDim(text: string): Dim {
  const factor = /^(?:\d+|[A-Za-z_][\w.]*)$/;
  const sum = text.split('+').map((term) => term.split('*').map((part) => part.trim()));
  if (!sum.every((term) => term.every((part) => factor.test(part)))) return symbol(text);
  return sum.reduce<Dim>(
    (total, term) =>
      add(total, product(term.map((part) => (/^\d+$/.test(part) ? Number(part) : symbol(part))))),
    0,
  );
}
