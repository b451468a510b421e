// A run of each family of methods, as it is seen, with checkpoints that are small and quick; and prediction alignment.
// Where one can know what must come out, that is what is asked for.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { accessible } from './axe.ts';
import { button, finished, open, text } from './page.ts';

const tokens = (page: Page, look = '') =>
  page.getByTestId('stream').locator(`[data-cell="token"]${look}`);
const chart = (page: Page, title: string) => page.getByRole('figure', { name: title });

async function run(page: Page, fragment: string): Promise<void> {
  await open(page, fragment);
  await button(page, 'Run').click();
  await finished(page, 60_000);
}

test('speculative sampling shows every draft, what stood and why', async ({ page }) => {
  await run(
    page,
    '#v=1&method=speculative&small=base-small&large=small-number-words&temperature=1&prompt=say+90210%3A+&maxTokens=40',
  );
  expect(await tokens(page, '.small.accepted').count()).toBeGreaterThan(0);
  expect(await tokens(page, '.rolledBack').count()).toBeGreaterThan(0);
  await expect(chart(page, 'Tokens per large pass').locator('.recharts-surface')).toBeVisible();
  await expect(chart(page, 'Why drafted tokens stand')).toBeVisible();
  await tokens(page, '.rolledBack').first().focus();
  await expect(
    page.getByRole('region', { name: 'Inspector' }).getByText('p/q, and u'),
  ).toBeVisible();
  await accessible(page);
});

test('dynamic fusion of a model with itself as anti-expert is the expert, at a strength of 1', async ({
  page,
}) => {
  await run(
    page,
    '#v=1&method=dynamicFusion&small=base-small&large=base-small&expert=small-addition&prompt=add+27%2B58%3A+&maxTokens=10',
  );
  await expect(text(page)).toHaveText('85.');
  await expect(
    chart(page, 'Strength α, token by token').locator('.recharts-surface'),
  ).toBeVisible();
  await expect(chart(page, 'How far large moves')).toHaveCount(2);
  await tokens(page).first().focus();
  const inspector = page.getByRole('region', { name: 'Inspector' });
  await expect(inspector.getByText('all models together')).toBeVisible();
  await expect(inspector).toContainText(/1\.00/);
  await accessible(page);
});

test('proxy-tuning with a strength that is given writes what the expert writes', async ({
  page,
}) => {
  await run(
    page,
    '#v=1&method=proxyTuning&alpha=1&large=base-small&antiExpert=base-small&expert=small-reverse&prompt=reverse+kdifa%3A+&maxTokens=10',
  );
  await expect(text(page)).toHaveText('afidk.');
  await expect(chart(page, 'How sure they are together')).toBeVisible();
});

test('a search is a tree of candidates with what each was worth, and why it was kept', async ({
  page,
}) => {
  await run(
    page,
    '#v=1&method=weakToStrong&beams=2&successors=2&chunkLength=8&large=base-small&tuned=small-reviews-praise&untuned=base-small&prompt=review+the+silent+river%3A+&maxTokens=40',
  );
  const tree = page.getByTestId('beams');
  await expect(tree.locator('.node.kept').first()).toBeVisible();
  await expect(tree.getByText('2 of 4 kept').first()).toBeVisible();
  // The way to the text is one candidate of every chunk, and written together they are the text.
  const way = await tree.locator('.node.leads .said').allTextContents();
  const written = way.map((said) => said.replace(' ∎', '').replaceAll('␣', ' ')).join('');
  expect(written).toContain((await text(page).textContent()) as string);
  await tree.locator('.node').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Candidate' })).toContainText(/Chunk 2, candidate/);
  await expect(chart(page, 'Scores, chunk by chunk')).toBeVisible();
  await accessible(page);
});

test('the large model writes examples, and the small one is trained on them', async ({ page }) => {
  await open(
    page,
    '#v=1&method=bild&small=base-small&large=small-addition&task=addition&difficulty=2&maxTokens=12',
  );
  const alignment = page.getByRole('region', { name: 'Prediction alignment' });
  // Stopped early, what there is stays.
  await alignment.getByLabel('Problems').fill('9000');
  await alignment.getByRole('button', { name: 'Write the answers' }).click();
  await expect(alignment.getByText(/[1-9]\d* of 9.000 answers/)).toBeVisible({ timeout: 30_000 });
  await accessible(page);
  await alignment.getByRole('button', { name: 'Stop and keep these' }).click();
  await expect(alignment.getByText(/Stopped after .* of 9.000/)).toBeVisible();
  // Again, to the end.
  await alignment.getByLabel('Problems').fill('12');
  await alignment.getByRole('button', { name: 'Write the answers' }).click();
  await expect(alignment.getByText(/12 examples by Small, addition/)).toBeVisible();
  await accessible(page);
  const download = page.waitForEvent('download');
  await alignment.getByRole('button', { name: 'Export' }).click();
  const path = await (await download).path();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  for (const line of lines) {
    expect(JSON.parse(line)).toEqual({
      prompt: expect.stringMatching(/^add \d+\+\d+: $/),
      completion: expect.stringMatching(/\.$/),
    });
  }
  await alignment.getByRole('button', { name: 'Train the small one on it' }).click();
  await expect(page.getByText(/Addition by Small, addition\.jsonl.*12 examples/)).toBeVisible();
  await expect(page.getByLabel('Small', { exact: true })).toHaveValue('base-small');
  await page.getByRole('spinbutton', { name: 'Steps' }).fill('2');
  await button(page, 'Run').click();
  await finished(page, 60_000);
  await expect(page.getByRole('heading', { name: 'Kept as a checkpoint' })).toBeVisible();
});
