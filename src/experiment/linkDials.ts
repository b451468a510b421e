// The pairs of a link that are about parameters: what is looked at, the edits, the pins.
//   view=turn&model=small&tensor=wte.weight&edits=2&e1=small+weight+17+set+0.5+wte.weight&e2=small+head+0.3+zero
//   &smallBits=32&largeBits=4&pins=1&p1=small+17+wte.weight&moved=0.001&temperature=1&topP=1&tour=0
// A tensor's name comes last, because it may contain anything. Whether the model has such a tensor, and so many
// elements in it, is found out when the model is here.

import {
  ACTIONS,
  type Action,
  BITS,
  type Bits,
  DIAL_LIMITS,
  type Dials,
  defaultDials,
  type Edit,
  isLookedAt,
  keyOf,
  LOOKED_AT,
  type Pin,
  type Target,
  takesAmount,
  VIEWS,
} from '../core/dials.ts';
import { oneOf, type Pairs, shown } from './pairs.ts';

export function writeDials(dials: Dials, pairs: URLSearchParams): void {
  pairs.set('view', dials.view);
  pairs.set('model', dials.model);
  pairs.set('tensor', dials.tensor);
  pairs.set('edits', String(dials.edits.length));
  dials.edits.forEach((edit, i) => {
    pairs.set(`e${i + 1}`, editText(edit));
  });
  pairs.set('smallBits', String(dials.smallBits));
  pairs.set('largeBits', String(dials.largeBits));
  writePins(dials, pairs);
  pairs.set('temperature', String(dials.temperature));
  pairs.set('topP', String(dials.topP));
  pairs.set('tour', String(dials.tour));
}

/** Of a training, whose pins are drawn while it runs. */
export function writePins({ pins, moved }: Dials, pairs: URLSearchParams): void {
  pairs.set('pins', String(pins.length));
  pins.forEach((pin, i) => {
    pairs.set(`p${i + 1}`, pinText(pin));
  });
  pairs.set('moved', String(moved));
}

export function readDials(pairs: Pairs): Dials {
  const base = defaultDials;
  const bits = (key: string): Bits =>
    Number(pairs.pick(key, oneOf(BITS.map(String)), BITS.map(String), '32')) as Bits;
  return {
    view: pairs.pick('view', oneOf(VIEWS), VIEWS, base.view),
    model: pairs.pick('model', oneOf(LOOKED_AT), LOOKED_AT, base.model),
    tensor: pairs.text('tensor', 400, base.tensor),
    edits: list(pairs, 'edits', 'e', DIAL_LIMITS.edits, parseEdit),
    smallBits: bits('smallBits'),
    largeBits: bits('largeBits'),
    ...readPins(pairs),
    temperature: number(pairs, 'temperature', DIAL_LIMITS.temperature, base.temperature),
    topP: number(pairs, 'topP', DIAL_LIMITS.topP, base.topP),
    tour: pairs.integer('tour', DIAL_LIMITS.tour, base.tour),
  };
}

export function readPins(pairs: Pairs): Pick<Dials, 'pins' | 'moved'> {
  return {
    pins: list(pairs, 'pins', 'p', DIAL_LIMITS.pins, parsePin),
    moved: number(pairs, 'moved', DIAL_LIMITS.moved, defaultDials.moved),
  };
}

/** `small weight 17 set 0.5 wte.weight`, `large head 3.1 zero`. */
export function editText({ role, target, action, amount }: Edit): string {
  const [kind, ...place] = keyOf(target).split(' ');
  const how = takesAmount(action) ? [action, String(amount)] : [action];
  if (!('tensor' in target)) return [role, kind, ...place, ...how].join(' ');
  const index = 'index' in target ? [String(target.index)] : [];
  return [role, kind, ...index, ...how, target.tensor].join(' ');
}

export const pinText = ({ role, tensor, index }: Pin): string => `${role} ${index} ${tensor}`;

/** Undefined for what is no edit. */
export function parseEdit(text: string): Edit | undefined {
  const words = text.split(' ');
  const next = () => words.shift() ?? '';
  const role = next();
  const kind = next();
  const place = kind === 'tensor' ? '' : next();
  const action = next();
  if (!isLookedAt(role) || !isAction(action)) return undefined;
  const amount = takesAmount(action) ? Number(next() || Number.NaN) : 0;
  const limit = DIAL_LIMITS.amount;
  if (!(Math.abs(amount) <= limit) || (action === 'noise' && amount < 0)) return undefined;
  const target = targetOf(kind, place, words.join(' '));
  return target && { role, target, action, amount };
}

function targetOf(kind: string, place: string, tensor: string): Target | undefined {
  const [first, second, ...more] = place.split('.').map(whole);
  if (more.length > 0) return undefined;
  switch (kind) {
    case 'weight':
    case 'row':
    case 'column':
      return first === undefined || second !== undefined || tensor === ''
        ? undefined
        : { kind, tensor, index: first };
    case 'tensor':
      return tensor === '' ? undefined : { kind, tensor };
    case 'head':
    case 'neuron':
      return first === undefined || second === undefined || tensor !== ''
        ? undefined
        : { kind, layer: first, index: second };
    case 'layer':
      return first === undefined || tensor !== '' ? undefined : { kind, layer: first };
    default:
      return undefined;
  }
}

function parsePin(text: string): Pin | undefined {
  const [role = '', place = '', ...name] = text.split(' ');
  const index = whole(place);
  const tensor = name.join(' ');
  return isLookedAt(role) && index !== undefined && tensor !== ''
    ? { role, tensor, index }
    : undefined;
}

function list<T>(
  pairs: Pairs,
  counted: string,
  prefix: string,
  most: number,
  parse: (text: string) => T | undefined,
): readonly T[] {
  let written = 0;
  while (pairs.has(`${prefix}${written + 1}`)) written++;
  const count = pairs.integer(counted, { min: 0, max: most }, Math.min(written, most));
  const found: T[] = [];
  for (let i = 1; i <= count; i++) {
    const text = pairs.take(`${prefix}${i}`);
    const one = text === undefined ? undefined : parse(text);
    if (one !== undefined) found.push(one);
    else pairs.tell(`${prefix}${i}=${shown(text ?? '')}: cannot be read; left out.`);
  }
  return found;
}

function number(
  pairs: Pairs,
  key: string,
  { min, max }: { readonly min: number; readonly max: number },
  fallback: number,
): number {
  const text = pairs.take(key);
  if (text === undefined) return fallback;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  pairs.tell(`${key}=${shown(text)}: expected a number in [${min}, ${max}]; using ${fallback}.`);
  return fallback;
}

const whole = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined;
const isAction = (text: string): text is Action => (ACTIONS as readonly string[]).includes(text);
