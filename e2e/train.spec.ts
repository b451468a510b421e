// A checkpoint learns in the page, is kept, writes at once, leaves as a zip file, and is still there tomorrow.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { button, finished, open, status } from './page.ts';

const TRAIN = '#v=1&mode=train&method=sft&batch=4&microBatch=4&problems=2&difficulty=2';
const kept = (page: Page) => page.getByRole('region', { name: 'Kept as a checkpoint' });
const shelf = (page: Page) => page.getByRole('region', { name: 'Kept in this browser' }).first();

test('a training draws its curves, shows what the model writes, and gives a checkpoint', async ({
  page,
}) => {
  await open(page, `${TRAIN}&steps=6&evaluateEvery=3`);
  await expect(page.getByText('Nothing has been learned yet')).toBeVisible();
  await button(page, 'Run').click();
  await finished(page, 60_000);
  await expect(status(page)).toContainText('It is kept as');
  await expect(page.locator('.recharts-surface').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What it writes' })).toBeVisible();
  await expect(page.getByText('earlier answer').first()).toBeVisible();
  await expect(page.getByText('forward and backward')).toBeVisible();

  // It writes at once.
  await button(page, 'Generate with it').click();
  await expect(page.getByLabel('Small', { exact: true })).toHaveValue(/^local:/);
  await page.getByLabel('Prompt', { exact: true }).fill('say 7: ');
  await button(page, 'Run').click();
  await finished(page, 60_000);
  await expect(page.getByTestId('text')).not.toBeEmpty();
});

test('what is kept can be renamed, exported, deleted and taken back, and survives a reload', async ({
  page,
}) => {
  await open(page, `${TRAIN}&steps=2&evaluateEvery=0`);
  await button(page, 'Run').click();
  await finished(page, 60_000);
  const name = kept(page).getByLabel('Name');
  await name.fill('my own');
  await name.press('Enter');
  await expect(status(page)).toContainText('It is called my own now');

  const download = page.waitForEvent('download');
  await kept(page).getByRole('button', { name: 'Export' }).click();
  const zip = readFileSync(await (await download).path());
  expect((await download).suggestedFilename()).toBe('my own.zip');
  for (const file of ['config.json', 'tokenizer.json', 'onnx/model.onnx', 'README.md']) {
    expect(zip.includes(`my own/${file}`)).toBe(true);
  }

  await page.reload();
  await expect(shelf(page).getByLabel('Name')).toHaveValue('my own');
  await button(page, 'Delete my own').click();
  await expect(status(page)).toContainText('is in the trash');
  await button(page, 'Restore my own').click();
  await expect(shelf(page).getByLabel('Name')).toHaveValue('my own');
});

test('stop keeps what was learned; a step is one optimiser step', async ({ page }) => {
  await open(page, `${TRAIN}&steps=9000&evaluateEvery=0`);
  await button(page, 'Step').click();
  await expect(page.getByText('step 1 of 9000')).toBeVisible({ timeout: 30_000 });
  await button(page, 'Resume').click();
  await expect(page.getByText(/step ([2-9]|\d{2,4}) of 9000/)).toBeVisible({ timeout: 30_000 });
  await button(page, 'Stop').click();
  await expect(kept(page)).toBeVisible({ timeout: 30_000 });
});

test('an interrupted training is offered, and goes on', async ({ page }) => {
  await open(page, `${TRAIN}&steps=40&evaluateEvery=0`);
  await button(page, 'Step').click();
  await expect(page.getByText('step 1 of 40')).toBeVisible({ timeout: 30_000 });
  // The page goes out of sight: what was learned is put aside.
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForTimeout(1000);
  await page.reload();
  await expect(page.getByText('A training was interrupted after step 1 of 40')).toBeVisible();
  await button(page, 'Go on').click();
  await finished(page, 60_000);
  await expect(status(page)).toContainText('finished: 40 steps');
});

test('a file of one’s own: what is wrong with it is said by line, and a good one is learned from', async ({
  page,
}) => {
  await open(page, `${TRAIN}&steps=2&evaluateEvery=0`);
  await page.getByLabel('Your own file').check();
  const drop = (name: string, text: string) =>
    page
      .getByLabel('Data file')
      .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  const good = '{"prompt": "say 7: ", "completion": "seven."}\n';
  await drop('bad.jsonl', `${good}{"prompt": "say 7: "}\n`);
  await expect(page.getByText('Line 2 has no "completion".')).toBeVisible();
  await drop('seven.jsonl', good.repeat(12));
  await expect(page.getByText('12 examples, 11 of them repeated')).toBeVisible();
  await expect(page).toHaveURL(/data=file%3A[0-9a-f]{64}%3Aseven\.jsonl/);
  await button(page, 'Run').click();
  await finished(page, 60_000);
  await expect(kept(page).getByLabel('Name')).toHaveValue(/seven/);
});

test('a link of a training opens with the same settings, and says which file it needs', async ({
  page,
}) => {
  const data = `file%3A${'a'.repeat(64)}%3Anames.jsonl`;
  await open(page, `${TRAIN}&steps=77&learningRate=0.002&data=${data}`);
  await expect(page.getByLabel('Steps, number')).toHaveValue('77');
  await expect(page.getByLabel('Learning rate, number')).toHaveValue('0.002');
  await expect(page.getByRole('alert')).toContainText('names.jsonl');
});
