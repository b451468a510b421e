// What axe finds on the page as it stands.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(source);
  const results = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: Document, options: object): Promise<AxeResults> };
    };
    return axe.run(document, { resultTypes: ['violations'] });
  });
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target} ${node.failureSummary ?? ''}`),
  );
}

/** How far the page itself can be scrolled: [across, down] in pixels. */
const overflow = (page: Page): Promise<number[]> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return [scrollWidth - clientWidth, scrollHeight - clientHeight];
  });

/** The same view in both themes, wide and narrow; wide, its columns scroll and the page does not. */
export async function accessible(page: Page): Promise<void> {
  const before = page.viewportSize();
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    const [across, down] = await overflow(page);
    expect(across, `${width} px, sideways`).toBe(0);
    if (width === 1440) expect(down, `${width} px, beyond the columns`).toBe(0);
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      // Colours that change slowly are asked for when they have changed.
      await page.evaluate(() => {
        for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
      });
      expect(await violations(page), `${colorScheme}, ${width} px`).toEqual([]);
    }
  }
  if (before) await page.setViewportSize(before);
}
