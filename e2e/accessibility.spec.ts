// Everyone can use the page: no violation that axe finds, in both themes, wide and narrow, before a run, after
// one, in an evaluation, and after a training.
import { expect, test } from '@playwright/test';
import { accessible } from './axe.ts';
import { button, finished, open } from './page.ts';

test('axe finds nothing, light and dark, wide and narrow', async ({ page }) => {
  test.setTimeout(180_000);
  await test.step('a first visit', async () => {
    await open(page);
    await accessible(page);
  });
  await test.step('a run', async () => {
    await button(page, 'Run').click();
    await finished(page);
    await expect(page.locator('.recharts-surface').first()).toBeVisible();
    await accessible(page);
  });
  await test.step('an evaluation', async () => {
    await page.goto('about:blank');
    await open(page, '#v=1&mode=evaluate&problems=5');
    await button(page, 'Run').click();
    await finished(page);
    await accessible(page);
  });
  await test.step('a training', async () => {
    await page.goto('about:blank');
    await open(page, '#v=1&mode=train&method=sft&steps=3&batch=4&problems=2&difficulty=2');
    await button(page, 'Run').click();
    await finished(page, 60_000);
    await expect(page.getByRole('heading', { name: 'Kept in this browser' })).toBeVisible();
    await accessible(page);
  });
});
