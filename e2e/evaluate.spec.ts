// Many problems, three contenders, live.
import { expect, test } from '@playwright/test';
import { button, finished, open, status } from './page.ts';

test('evaluate sets small, large and BiLD side by side, with intervals and speed', async ({
  page,
}) => {
  await open(page, '#v=1&mode=evaluate&problems=12');
  await button(page, 'Run').click();
  await finished(page, 60_000);
  for (const name of ['small', 'large', 'BiLD']) {
    await expect(page.getByRole('row', { name: new RegExp(name, 'i') }).first()).toBeVisible();
  }
  await expect(page.getByText(/95\s?%/).first()).toBeVisible();
  await expect(page.locator('.recharts-surface').first()).toBeVisible();
});

test('stopping early keeps the answers so far', async ({ page }) => {
  await open(page, '#v=1&mode=evaluate&problems=2000');
  await button(page, 'Run').click();
  await expect(page.getByRole('row', { name: /large/i }).first()).toContainText('%');
  await button(page, 'Stop').click();
  await expect(status(page)).toContainText('was stopped');
  await expect(page.getByRole('row', { name: /large/i }).first()).toContainText('%');
});
