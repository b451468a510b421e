// What a decoder's inputs and outputs are, where their names are not the usual ones: `past_0` for `past_key_values.0`,
// `tokens` for `input_ids`, outputs in any order. Found from names, types and shapes, or said by a person; the graph is
// then read under the usual names (canonical.ts), so that nothing else needs to know.

import { UserError } from '../core/errors.ts';
import type { PortCard, PortRoles } from '../core/modelCard.ts';

const STANDARD = /^(input_ids|attention_mask|position_ids|past_key_values\.\d+\.(key|value|both))$/;

/** Are these the names that exporters agree on? */
export const areUsual = (inputs: readonly string[], outputs: readonly string[]): boolean =>
  inputs.every((name) => STANDARD.test(name)) && outputs.includes('logits');

const isInteger = ({ type }: PortCard) => type === 'int64' || type === 'int32';
const isFloat = ({ type }: PortCard) => type === 'float32' || type === 'float16';

/** A part for every input and output, as far as it can be told. */
export function guessRoles(inputs: readonly PortCard[], outputs: readonly PortCard[]): PortRoles {
  const roles: Record<string, PortRoles[string]> = {};
  const integers = inputs.filter((port) => isInteger(port) && port.shape.length === 2);
  const named = (pattern: RegExp) =>
    integers.find(({ name }) => pattern.test(name) && !Object.hasOwn(roles, name));
  const give = (port: PortCard | undefined, role: PortRoles[string]) => {
    if (port) roles[port.name] = role;
  };
  give(named(/mask/i), 'attention mask');
  give(named(/pos/i), 'positions');
  const rest = integers.filter(({ name }) => !Object.hasOwn(roles, name));
  give(
    named(/^input_?ids$/i) ?? (rest.length === 1 ? rest[0] : named(/ids|tokens?/i)),
    'token ids',
  );

  const floats = outputs.filter(isFloat);
  const heads = floats.filter(({ shape }) => shape.length === 3);
  give(
    floats.find(({ name }) => name === 'logits') ??
      floats.find(({ name }) => /logit/i.test(name)) ??
      (heads.length === 1 ? heads[0] : undefined),
    'logits',
  );
  const caches = inputs.filter((port) => isFloat(port) && port.shape.length >= 4);
  for (const port of caches) give(port, 'cache in');
  const ranks = new Set(caches.map(({ shape }) => shape.length));
  for (const port of floats) {
    if (ranks.has(port.shape.length) && roles[port.name] === undefined) give(port, 'cache out');
  }
  return roles;
}

const USUAL = {
  'token ids': 'input_ids',
  'attention mask': 'attention_mask',
  positions: 'position_ids',
  logits: 'logits',
} as const;

/**
 * Own name -> usual name, of everything that has a part.
 * @throws UserError 'checkpoint' when caches do not pair, or a part is given twice
 */
export function usualNames(
  inputs: readonly PortCard[],
  outputs: readonly PortCard[],
  roles: PortRoles,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [role, usual] of Object.entries(USUAL)) {
    const players = [...inputs, ...outputs].filter(({ name }) => roles[name] === role);
    if (players.length > 1) {
      throw mistaken(
        `${players.map(({ name }) => name).join(' and ')} cannot both be the ${role}.`,
      );
    }
    if (players[0]) names.set(players[0].name, usual);
  }
  const past = inputs.filter(({ name }) => roles[name] === 'cache in');
  const present = outputs.filter(({ name }) => roles[name] === 'cache out');
  if (past.length !== present.length) {
    throw mistaken(`${past.length} caches go in, but ${present.length} come out.`);
  }
  const slots = slotNames(past);
  const partners = pairsOf(past, present);
  past.forEach(({ name }, i) => {
    names.set(name, `past_key_values.${slots[i]}`);
    names.set(partners[i]!.name, `present.${slots[i]}`);
  });
  return names;
}

const mistaken = (what: string) =>
  new UserError('checkpoint', what, 'Say again which input and output is which.');

/** Layer and kind, as far as a name tells. */
function placeOf(name: string): { readonly layer?: number; readonly kind?: 'key' | 'value' } {
  const parts = name
    .replace(/(past_?)?key_?values?/gi, ' ')
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])/i)
    .map((part) => part.toLowerCase());
  const numbers = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const has = (...words: string[]) => words.some((word) => parts.includes(word));
  // `past_key_values.3.1`: of layer 3 the second.
  const [layer, item] = numbers.length === 2 && (numbers[1] ?? 2) < 2 ? numbers : [numbers.at(-1)];
  const kind = has('value', 'values', 'v')
    ? 'value'
    : has('key', 'keys', 'k')
      ? 'key'
      : item === undefined
        ? undefined
        : item === 0
          ? 'key'
          : 'value';
  return { ...(layer !== undefined && { layer }), ...(kind && { kind }) };
}

/** `0.key`, `0.value`, `1.key` ...: by their names, else by their order. */
function slotNames(past: readonly PortCard[]): string[] {
  const places = past.map(({ name }) => placeOf(name));
  const told = places.map(({ layer, kind }) => `${layer}.${kind}`);
  if (places.every(({ layer, kind }) => layer !== undefined && kind) && isDistinct(told)) {
    return told;
  }
  const whole = past.every(({ shape }) => shape.length === 5);
  if (whole) return past.map((_, i) => `${i}.both`);
  const layers = places.map(({ layer }) => layer ?? -1);
  // `past_0`, `past_1` ...: keys and values take turns.
  const order = isDistinct(layers) ? [...layers].sort((a, b) => a - b) : undefined;
  return past.map((_, i) => {
    const at = order ? order.indexOf(layers[i]!) : i;
    return `${at >> 1}.${at % 2 === 0 ? 'key' : 'value'}`;
  });
}

/**
 * What comes out for each that goes in: of the same layer and kind, else in the same order.
 * @throws UserError 'checkpoint' when names and order say different things
 */
function pairsOf(past: readonly PortCard[], present: readonly PortCard[]): PortCard[] {
  const key = ({ name }: PortCard) => JSON.stringify(placeOf(name));
  const byKey = new Map(present.map((port) => [key(port), port]));
  const named = past.map((port) => byKey.get(key(port)));
  const clear = byKey.size === present.length && named.every((port) => port !== undefined);
  if (clear && isDistinct(named)) return named as PortCard[];
  const known = byKey.size === present.length ? named : [];
  const odd = known.findIndex((port, i) => port !== undefined && port !== present[i]);
  if (odd < 0) return [...present];
  throw mistaken(
    `By its name ${past[odd]?.name} comes out as ${known[odd]?.name}, by its place as ${present[odd]?.name}.`,
  );
}

const isDistinct = (values: readonly unknown[]) => new Set(values).size === values.length;

/**
 * Own name -> usual name where something is called otherwise; empty where nothing is, or where not everything is
 * understood: the complaint then speaks of the names in the file.
 * @param chosen what somebody said
 * @throws UserError 'checkpoint' when what was said cannot be
 */
export function renamedPorts(
  inputs: readonly PortCard[],
  outputs: readonly PortCard[],
  chosen?: PortRoles,
): ReadonlyMap<string, string> {
  const names = (list: readonly PortCard[]) => list.map(({ name }) => name);
  if (!chosen && areUsual(names(inputs), names(outputs))) return new Map();
  const roles = chosen ?? guessRoles(inputs, outputs);
  if (!chosen && inputs.some(({ name }) => roles[name] === undefined)) return new Map();
  try {
    const found = usualNames(inputs, outputs, roles);
    return new Map([...found].filter(([own, usual]) => own !== usual));
  } catch (error) {
    if (chosen) throw error;
    return new Map();
  }
}
