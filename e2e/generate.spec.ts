// The main job: open the page, press Run, see two models write one text, send the link.
import { expect, test } from '@playwright/test';
import { ANSWER, button, finished, open, status, text } from './page.ts';

test('a first visit is one Run away from the right words, written by two models', async ({
  page,
  baseURL,
}) => {
  const foreign: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'blob:' && origin !== new URL(baseURL as string).origin)
      foreign.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await open(page);
  await button(page, 'Run').click();
  await finished(page);
  await expect(text(page)).toHaveText(ANSWER);
  // Both wrote; what small got wrong is struck out in place; what stands is the text, letter by letter.
  const cells = (look: string) => page.getByTestId('stream').locator(`[data-cell="token"]${look}`);
  expect(await cells('.small.accepted').count()).toBeGreaterThan(20);
  expect(await cells('.large.accepted').count()).toBeGreaterThan(0);
  await expect(cells('.rolledBack').first()).toBeVisible();
  const standing = (await cells('.accepted').allTextContents()).join('');
  expect(standing.replaceAll('·', ' ').replace('<eos>', '')).toBe(ANSWER);
  // The speed-up was measured in this run.
  await expect(page.getByText('as fast as large alone').first()).toBeVisible();
  expect(foreign).toEqual([]);
  expect(complaints).toEqual([]);
});

test('a run can be stepped, resumed, paused and stopped, and what is done stays', async ({
  page,
}) => {
  await open(page);
  await button(page, 'Step').click();
  await expect(button(page, 'Resume')).toBeVisible();
  const tokens = page.locator('[data-cell="token"]');
  await expect(async () => {
    await button(page, 'Step').click();
    expect(await tokens.count()).toBeGreaterThan(2);
  }).toPass({ timeout: 20_000 });
  // What the last step asked for may still be on its way; a run that went on by itself would end.
  let held = -1;
  await expect(async () => {
    const before = held;
    held = await tokens.count();
    expect(held).toBe(before);
  }).toPass({ intervals: [500] });
  await page.waitForTimeout(300);
  expect(await tokens.count()).toBe(held);
  await button(page, 'Resume').click();
  await finished(page);
  await expect(text(page)).toHaveText(ANSWER);

  await button(page, 'Step').click();
  await button(page, 'Step').click();
  await button(page, 'Stop').click();
  await expect(status(page)).toContainText('was stopped');
  await expect(button(page, 'Run')).toBeEnabled();
});

test('the keyboard is enough', async ({ page }) => {
  await open(page);
  await page.keyboard.press('Space');
  await finished(page);
  await expect(text(page)).toHaveText(ANSWER);
  await page.keyboard.press('.');
  await expect(button(page, 'Resume')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(status(page)).toContainText('was stopped');
});

test('a token tells what both models thought there', async ({ page }) => {
  await open(page);
  await button(page, 'Run').click();
  await finished(page);
  await page.locator('[data-cell="token"]').nth(6).focus();
  const inspector = page.getByRole('region', { name: /inspect|token/i }).last();
  await expect(inspector.getByText(/%/).nth(9)).toBeVisible();
});

test('a copied link gives the same tokens in another page', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, '#v=1&method=bild&fallbackThreshold=0.8&prompt=say+90210%3A+');
  await button(page, 'Run').click();
  await finished(page);
  const words = await text(page).textContent();
  await button(page, 'Copy link').click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain('digest=');

  const other = await context.newPage();
  await other.goto(link);
  await expect(button(other, 'Run')).toBeEnabled();
  await other.waitForTimeout(300);
  await expect(status(other)).not.toContainText('finished');
  await button(other, 'Run').click();
  await finished(other);
  await expect(text(other)).toHaveText(words as string);
  await expect(other.getByText('Same tokens as the link').first()).toBeVisible();
});

test('a broken link opens, with a list of what was ignored', async ({ page }) => {
  await open(page, '#v=1&maxDraft=1.5&method=magic&seed=7');
  await expect(page.getByText('method=magic: expected one of')).toBeVisible();
  await expect(page.getByText('maxDraft=1.5: expected an integer')).toBeVisible();
  await expect(page.getByLabel(/^Seed/).first()).toHaveValue('7');
  await button(page, 'Run').click();
  await finished(page);
});

test('one model alone, greedy and sampled, with the same text for the same seed', async ({
  page,
}) => {
  await open(page, '#v=1&method=greedy&model=large');
  await button(page, 'Run').click();
  await finished(page);
  await expect(text(page)).toHaveText(ANSWER);
  const sampled: string[] = [];
  for (const seed of [5, 6, 5]) {
    await page.goto('about:blank');
    await open(page, `#v=1&method=sample&model=small&temperature=1.6&seed=${seed}&maxTokens=60`);
    await button(page, 'Run').click();
    await finished(page);
    sampled.push((await text(page).textContent()) as string);
  }
  expect(sampled[2]).toBe(sampled[0]);
  expect(sampled[1]).not.toBe(sampled[0]);
});
