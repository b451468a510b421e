// Compare, as one works with it: methods side by side, a sweep and its frontier, runs that stay and leave and come back.
import { expect, type Page, test } from '@playwright/test';
import { accessible } from './axe.ts';
import { button, finished, open, status } from './page.ts';

const MODELS = 'small=base-small&large=small-addition&expert=small-addition&antiExpert=base-small';
const TASK = 'task=addition&difficulty=2&maxTokens=12';

const scores = (page: Page) => page.getByRole('region', { name: 'Scores of the contenders' });
const kept = (page: Page) => page.getByRole('region', { name: 'Runs', exact: true });
const heat = (page: Page) => page.getByRole('region', { name: 'Every setting' });

test('methods side by side and a sweep; both runs stay, are named, compared, and come back from a file', async ({
  page,
}) => {
  test.setTimeout(150_000);
  await open(
    page,
    `#v=1&mode=evaluate&contenders=2&c1.method=speculative&c1.label=exact&c2.method=proxyTuning&problems=6&${MODELS}&${TASK}`,
  );
  await button(page, 'Run').click();
  await finished(page, 60_000);
  for (const name of ['small alone', 'large alone', 'exact', 'Proxy-tuning']) {
    const row = scores(page).getByRole('row').filter({ hasText: name });
    await expect(row).toContainText(/\d of 6.*[–-].*%/);
  }
  await accessible(page);

  await test.step('a sweep that is stopped keeps what it has', async () => {
    await page.goto('about:blank');
    await open(
      page,
      `#v=1&mode=sweep&method=bild&x=fallbackThreshold&x.values=0.5+0.9&y=rollbackThreshold&y.values=1+4&problems=400&${MODELS}&${TASK}`,
    );
    await button(page, 'Run').click();
    const cells = heat(page).locator('.cell-button');
    await expect(cells).toHaveCount(4);
    for (const at of [0, 1, 2, 3]) await expect(cells.nth(at)).toContainText('%');
    await button(page, 'Stop').click();
    await expect(status(page)).toContainText('was stopped');
    for (const at of [0, 1, 2, 3]) await expect(cells.nth(at)).toContainText('%');
  });

  await test.step('a point of the frontier opens its run', async () => {
    const frontier = page.getByRole('figure', { name: 'Quality and speed' });
    const point = frontier.getByRole('button', { name: /on the frontier/ }).first();
    const name = ((await point.getAttribute('aria-label')) as string).split(':')[0] as string;
    await point.press('Enter');
    await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
    await expect(scores(page).getByRole('row')).toHaveCount(3);
    await accessible(page);
    await button(page, 'Close this setting').click();
  });

  await test.step('runs are named, pinned and set beside each other', async () => {
    await expect(kept(page).getByRole('row')).toHaveCount(3);
    const names = kept(page).getByLabel('Name');
    await names.nth(0).fill('four settings');
    await names.nth(0).press('Enter');
    await expect(button(page, 'Open four settings')).toBeVisible();
    await button(page, 'Pin four settings').click();
    await expect(button(page, 'Pin four settings')).toHaveAttribute('aria-pressed', 'true');
    for (const box of await kept(page).getByRole('checkbox').all()) await box.check();
    await kept(page).getByRole('button', { name: 'Compare', exact: true }).click();
    const beside = page.getByRole('region', { name: 'Beside each other' });
    await expect(beside.getByRole('row').filter({ hasText: 'What is done' })).toContainText(
      'evaluate',
    );
    await expect(beside.getByRole('columnheader', { name: 'four settings' })).toBeVisible();
    await accessible(page);
    await button(page, 'Close the comparison').click();
  });

  await test.step('exported, deleted and imported, a run has the same figures', async () => {
    const before = await heat(page).locator('.cell-button').allTextContents();
    const exported = page.waitForEvent('download');
    await kept(page).getByRole('button', { name: 'JSON Lines' }).click();
    const file = await (await exported).path();
    const table = page.waitForEvent('download');
    await kept(page).getByRole('button', { name: 'CSV' }).click();
    expect((await table).suggestedFilename()).toMatch(/\.csv$/);
    await kept(page).getByRole('button', { name: 'Delete', exact: true }).click();
    await button(page, 'Delete for good').click();
    await expect(kept(page).getByText('No run is kept yet')).toBeVisible();
    await page.reload();
    await expect(kept(page).getByText('No run is kept yet')).toBeVisible();
    await kept(page).getByLabel('File with runs').setInputFiles(file);
    await expect(kept(page).getByRole('row')).toHaveCount(3);
    await button(page, 'Open four settings').click();
    await expect(heat(page).locator('.cell-button')).toHaveText(before);
    const frontier = page.getByRole('figure', { name: 'Quality and speed' });
    await expect(frontier.getByRole('button', { name: /on the frontier/ }).first()).toBeVisible();
  });
});
