// Many problems, three contenders, live.
import { expect, type Page, test } from '@playwright/test';
import { button, finished, open, status } from './page.ts';

/** A contender's row of scores, the table's head excepted. */
const score = (page: Page, contender: string) =>
  page
    .getByRole('region', { name: 'Scores of the contenders' })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: contender }) });

test('evaluate sets small, large and BiLD side by side, with intervals and speed', async ({
  page,
}) => {
  await open(page, '#v=1&mode=evaluate&problems=12');
  await button(page, 'Run').click();
  await finished(page, 60_000);
  for (const name of ['small alone', 'large alone', 'BiLD']) {
    await expect(score(page, name)).toContainText(/\d+ of 12.*[–-].*%/);
  }
  await expect(page.locator('.recharts-surface').first()).toBeVisible();
});

test('stopping early keeps the answers so far', async ({ page }) => {
  await open(page, '#v=1&mode=evaluate&problems=2000');
  await button(page, 'Run').click();
  await expect(score(page, 'large alone')).toContainText(/[1-9]\d* of \d+/);
  await button(page, 'Stop').click();
  await expect(status(page)).toContainText('was stopped');
  await expect(score(page, 'large alone')).toContainText(/[1-9]\d* of \d+/);
});
