// Everyone can use the page: no violation that axe finds, in both themes, wide and narrow, before a run, after
// one, in an evaluation, and after a training.
import { expect, test } from '@playwright/test';
import { violations } from './axe.ts';
import { button, finished, open } from './page.ts';

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing, ${colorScheme}, ${width} px`, async ({ browser, baseURL }) => {
      const page = await browser.newPage({
        baseURL: baseURL as string,
        colorScheme,
        viewport: { width, height: 900 },
      });
      await open(page);
      expect(await violations(page)).toEqual([]);
      await button(page, 'Run').click();
      await finished(page);
      await expect(page.locator('.recharts-surface').first()).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.goto('about:blank');
      await open(page, '#v=1&mode=evaluate&problems=5');
      await button(page, 'Run').click();
      await finished(page);
      expect(await violations(page)).toEqual([]);
      await page.goto('about:blank');
      await open(page, '#v=1&mode=train&method=sft&steps=3&batch=4&problems=2&difficulty=2');
      await button(page, 'Run').click();
      await finished(page, 60_000);
      await expect(page.getByRole('heading', { name: 'Kept in this browser' })).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.close();
    });
  }
}
