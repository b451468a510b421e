// A model learns by reward in the page: the reward is watched, the learning rate turned, a second tab looks on, the page
// is reloaded in the middle; what comes out leaves as a zip file and writes at once. Then trainings beside each other.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { accessible } from './axe.ts';
import { button, finished, open, status } from './page.ts';

const TINY = 'prompts=2&group=4&completion=12&difficulty=2&problems=4';

test('it learns by reward, is seen in a second tab, goes on after a reload, leaves as a file, and writes', async ({
  page,
}) => {
  await open(page, `#v=1&mode=train&method=grpo&steps=5&evaluateEvery=5&${TINY}`);
  await expect(page.getByText('Group Relative Policy Optimization')).toBeVisible();
  await expect(page.getByText(/Memory, about .* what a pass keeps/)).toBeVisible();
  await button(page, 'Step').click();
  await expect(page.getByText('step 1 of 5')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('The loss is near 0 at step 1')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Completions of step 1' })).toBeVisible();

  await button(page, 'Halve the learning rate of small').click();
  await button(page, 'Step').click();
  await expect(page.getByText('step 2 of 5')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/small: learning rate/)).toBeVisible({ timeout: 15_000 });
  const reward = page.locator('figure', { has: page.getByRole('heading', { name: /^Reward/ }) });
  await reward.first().getByText('Numbers').click();
  await expect(reward.first().getByRole('row')).toHaveCount(3);
  // An earlier step's completions.
  await button(page, 'An earlier step').click();
  await expect(page.getByRole('heading', { name: 'Completions of step 1' })).toBeVisible();
  await accessible(page);

  // The page goes out of sight, and is opened again.
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  // A second tab with the same link sees what is saved, and can take nothing over while the first has it.
  const second = await page.context().newPage();
  await second.goto(page.url());
  await expect(second.getByRole('heading', { name: 'Another tab is training this' })).toBeVisible();
  await expect(second.getByText('in another tab: step 2 of 5')).toBeVisible();
  await expect(second.getByRole('heading', { name: 'Completions of step 2' })).toBeVisible();
  await expect(button(second, 'Take over')).toBeDisabled();
  await accessible(second);
  await page.reload();
  await expect(button(second, 'Take over')).toBeEnabled({ timeout: 15_000 });
  await second.close();
  await expect(page.getByText('A training was interrupted after step 2 of 5')).toBeVisible();
  await button(page, 'Go on').click();
  await finished(page, 60_000);
  await expect(status(page)).toContainText('finished: 5 steps');
  // What happened before is in the curves.
  await expect(
    page.getByText(/after 1 step, small: learning rate|after 2 steps, small/),
  ).toBeVisible();

  const kept = page.getByRole('region', { name: 'Kept as a checkpoint' });
  const download = page.waitForEvent('download');
  await kept.getByRole('button', { name: 'Export' }).click();
  const zip = readFileSync(await (await download).path());
  expect(zip.includes('onnx/model.onnx')).toBe(true);
  await kept.getByRole('button', { name: 'Generate with it' }).click();
  await expect(page.getByLabel('Small', { exact: true })).toHaveValue(/^local:/);
  await page.getByLabel('Prompt', { exact: true }).fill('say 7: ');
  await button(page, 'Run').click();
  await finished(page, 60_000);
  await expect(page.getByTestId('text')).not.toBeEmpty();
});

test('trainings beside each other: one after the other, laid over each other, and not made twice', async ({
  page,
}) => {
  const plan = (at: number, method: string) =>
    `p${at}.method=${method}&p${at}.steps=1&p${at}.evaluateEvery=1&p${at}.prompts=2&p${at}.group=4&p${at}.completion=8`;
  const study = `#v=1&mode=study&seeds=2&difficulty=2&problems=4&plans=2&${plan(1, 'grpo')}&p2.method=sft&p2.steps=1&p2.evaluateEvery=1&p2.batch=4`;
  await open(page, study);
  await expect(page.getByText('0 of 4 trainings here')).toBeVisible();
  await button(page, 'Run').click();
  await expect(page.getByText('4 of 4 trainings here')).toBeVisible({ timeout: 60_000 });
  const table = page.getByRole('region', { name: 'What came of them' });
  await expect(table.getByRole('row')).toHaveCount(3);
  await expect(page.locator('.recharts-surface').first()).toBeVisible();
  await accessible(page);
  await page.reload();
  await expect(page.getByText('4 of 4 trainings here')).toBeVisible();
  await expect(table.getByRole('row')).toHaveCount(3);
  await page.getByRole('button', { name: 'Look at GRPO, small, seed 1' }).click();
  await expect(page.getByRole('heading', { name: 'Completions of step 1' })).toBeVisible();
});
