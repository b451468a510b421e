// Colours carry meaning here, so they must be seen: WCAG 1.4.3 for text, 1.4.11 for lines, both themes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('./styles/theme.css', import.meta.url), 'utf8');
const colours = Object.fromEntries(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name, light, dark]) => [name, { light, dark }],
  ),
) as Record<string, { light: string; dark: string }>;

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  const of = (name: string) => colours[name]?.[theme] ?? '';
  const grounds = ['ground', 'surface', 'sunken'];

  test.each(['ink', 'muted', 'small-text', 'large-text', 'expert-text', 'fused-text', 'bad-text'])(
    '%s can be read',
    (text) => {
      for (const ground of grounds) expect(contrast(of(text), of(ground))).toBeGreaterThan(4.5);
    },
  );

  test.each(['small', 'large', 'expert', 'fused', 'bad'])(
    '%s text can be read on its own tint',
    (name) => {
      expect(contrast(of(`${name}-text`), of(`${name}-tint`))).toBeGreaterThan(4.5);
    },
  );

  test.each([
    'small-line',
    'large-line',
    'expert-line',
    'anti-line',
    'fused-line',
    'c1-line',
    'c2-line',
    'c3-line',
    'c4-line',
    'c5-line',
    'c6-line',
    'bad-line',
    'edge',
  ])('%s can be seen', (line) => {
    for (const ground of grounds) expect(contrast(of(line), of(ground))).toBeGreaterThan(3);
  });

  test('numbers in the hottest cell of a heat map can be read', () =>
    expect(contrast(of('ink'), of('heat'))).toBeGreaterThan(4.5));

  test('text on a filled button can be read', () =>
    expect(contrast(of('on-ink'), of('ink'))).toBeGreaterThan(4.5));
});
