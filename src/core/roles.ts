// The parts that models play. A method says which of them it needs; an experiment gives each a checkpoint.

/** In the order in which they are listed everywhere. */
export const ROLES = [
  'small',
  'large',
  'expert',
  'expert2',
  'expert3',
  'antiExpert',
  'tuned',
  'untuned',
] as const;
export type Role = (typeof ROLES)[number];

/** As in a sentence: "the anti-expert". */
export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  small: 'small',
  large: 'large',
  expert: 'expert',
  expert2: 'second expert',
  expert3: 'third expert',
  antiExpert: 'anti-expert',
  tuned: 'tuned',
  untuned: 'untuned',
};

/** Whatever is known for some roles only. */
export type ByRole<T> = Readonly<Partial<Record<Role, T>>>;

/** The roles among `some`, each once, in the usual order. */
export const inOrder = (some: Iterable<Role>): readonly Role[] => {
  const named = new Set(some);
  return ROLES.filter((role) => named.has(role));
};
