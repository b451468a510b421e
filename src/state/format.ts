// Numbers as people read them: few digits, units, and the same width as their neighbours.

import type { Author } from '../core/events.ts';
import { ROLE_NAMES } from '../core/roles.ts';

/** Between a number and its unit: narrow, and never a line break. */
export const THIN = '\u202f';

/** 0.413 -> "41 %". Small shares keep a digit, and nothing but 0 and 1 is shown as 0 % or 100 %. */
export function percent(share: number, digits = share > 0 && share < 0.1 ? 1 : 0): string {
  const value = share * 100;
  const rounded = value.toFixed(digits);
  if (share > 0 && Number(rounded) === 0) return `<${(10 ** -digits).toFixed(digits)}${THIN}%`;
  if (share < 1 && Number(rounded) === 100)
    return `>${(100 - 10 ** -digits).toFixed(digits)}${THIN}%`;
  return `${rounded}${THIN}%`;
}

/** Three significant digits at most, thousands grouped by a thin space: 12345.6 -> "12 346". */
export function quantity(value: number): string {
  const size = Math.abs(value);
  const digits = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const [whole = '', fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, THIN);
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

export const times = (ratio: number): string => `${ratio.toFixed(2)}${THIN}×`;

export function bytes(count: number): string {
  if (count < 1000) return `${count}${THIN}B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e5 ? 1 : 0)}${THIN}kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)}${THIN}MB`;
  return `${(count / 1e9).toFixed(count < 1e11 ? 1 : 0)}${THIN}GB`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${quantity(ms)}${THIN}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}${THIN}s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}${THIN}min ${seconds % 60}${THIN}s`;
}

/** 126592 -> "127 k", 846336 -> "846 k", 1.2e9 -> "1.2 G". */
export function parameterCount(count: number): string {
  if (count < 1000) return quantity(count);
  const [scale, letter] = count >= 1e9 ? [1e9, 'G'] : count >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
  const value = count / scale;
  return `${value.toFixed(value < 10 ? 1 : 0)}${THIN}${letter}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${quantity(count)} ${count === 1 ? one : many}`;

/** Who wrote a token, in a sentence: "small", "all models together". */
export const authorName = (author: Author): string =>
  author === 'fused' ? 'all models together' : ROLE_NAMES[author];

/** As a heading or a label begins: "anti-expert" -> "Anti-expert". */
export const titled = (text: string): string => text.replace(/^./u, (first) => first.toUpperCase());

/** A token's text with its blanks made visible. */
export const visible = (text: string): string =>
  text.replace(/ /g, '␣').replace(/\n/g, '↵').replace(/\t/g, '⇥');

/** A token as it is quoted in a sentence. */
export const quote = (text: string): string => `“${visible(text)}”`;
