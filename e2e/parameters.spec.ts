// Through the whole tour of the parameters: each stop shows what its text says, is a link, and can be used by everyone.
import { expect, type Page, test } from '@playwright/test';
import { accessible } from './axe.ts';
import { button } from './page.ts';

const right = (page: Page) => page.getByRole('region', { name: 'What comes next' });
const cell = (page: Page) => page.getByTestId('cell-value');
const stop = async (page: Page, title: string) => {
  await page.getByRole('link', { name: new RegExp(`^Next: ${title}`) }).click();
  await expect(page.getByRole('heading', { name: title })).toBeVisible();
};

test('the tour: count, look, turn, find and watch, with the keyboard and for screen readers', async ({
  page,
}) => {
  test.setTimeout(240_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto('./');
  await page.getByRole('radio', { name: 'Parameters' }).check();
  await page.getByRole('link', { name: 'Take the five-minute tour' }).click();

  // Count: the same number in the sentence, in the table, and as a formula.
  await expect(page.getByRole('heading', { name: 'What a parameter is' })).toBeVisible();
  const table = page.getByRole('region', { name: /^Parameters of/ });
  await expect(table.getByRole('row').nth(1)).toContainText('177 520');
  await expect(table).toContainText('24d² + T·d + V·d + 28d');
  await table.getByRole('button', { name: 'Attention' }).click();
  await expect(table).toContainText('W_QKV');
  await accessible(page);

  await stop(page, 'Large is the same');
  await expect(table.getByRole('row').nth(1)).toContainText('3 755 040');

  // A setting changes the distribution, and no parameter.
  await stop(page, 'A setting is not');
  const first = right(page).getByRole('row').nth(1);
  await expect(first).toContainText('%');
  const before = await first.textContent();
  await right(page).getByRole('slider', { name: 'Temperature' }).press('End');
  await expect(first).not.toHaveText(before as string);
  await expect(right(page)).toContainText('bit for bit');

  await stop(page, 'Looking at them');
  await page.getByRole('img', { name: /h\.1\.mlp\.c_fc\.weight.*80 rows and 320/ }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByText('Row 0, column 1')).toBeVisible();
  await expect(
    page.getByText('Neuron 1 in layer 1: how much it listens to feature 0'),
  ).toBeVisible();
  await expect(cell(page)).toHaveText(/^−?0\.\d+$/);
  await expect(page.getByText(/of 80 carry 90 %/)).toBeVisible();
  await accessible(page);

  await stop(page, 'Tokens as points');
  const near = page.getByRole('region', { name: 'Nearest tokens' });
  await expect(near.getByRole('row').nth(1)).toContainText(/^\d/);

  // A head is gone, and comes back.
  await stop(page, 'Turning one');
  await expect(page.getByText('head 1 of layer 0 times 0')).toBeVisible();
  await expect(page.getByText('5 168 parameters turned')).toBeVisible();
  const turned = page.getByTestId('turned-text');
  const untouched = right(page).locator('dd.text').first();
  /** Both texts, once they are whole; the longest is cut after 64 tokens. */
  const same = async () => {
    const [one, other] = [await untouched.textContent(), await turned.textContent()];
    const whole = (text: string | null) => /\.$/.test(text ?? '') || text?.length === 64;
    return whole(one) && whole(other) ? one === other : undefined;
  };
  await expect(right(page)).toContainText(/KL\(untouched ‖ turned\) = \d/);
  await expect.poll(same).toBeDefined();
  await accessible(page);
  const scale = page.getByRole('slider', { name: 'Scale' });
  for (let i = 0; i < 20; i++) await scale.press('ArrowRight');
  await expect(page.getByText('head 1 of layer 0 times 1')).toBeVisible();
  await expect.poll(same).toBe(true);
  await button(page, 'Undo').click();
  await expect(right(page)).toContainText('bit for bit');
  await button(page, 'Redo').click();
  await button(page, 'Zero').click();
  await expect(page.getByText('head 1 of layer 0 is zero')).toBeVisible();
  // What is turned is in the address, which opens the same elsewhere.
  await expect.poll(() => page.url()).toContain('e1=small+head+0.1+zero');

  await stop(page, 'Fewer bits');
  await expect(page.getByRole('radio', { name: '4', exact: true })).toBeChecked();
  await expect(right(page)).toContainText(/KL\(untouched ‖ turned\) = \S+ nats/);

  await stop(page, 'Finding those that matter');
  const ranking = page.getByRole('region', { name: /gradient times value/ });
  await expect(ranking.getByRole('row')).toHaveCount(11);
  await accessible(page);
  await ranking
    .getByRole('button', { name: /^Turn head/ })
    .first()
    .click();
  await expect(page.getByRole('heading', { name: /^Turn head \d of layer \d/ })).toBeVisible();
  await page.goBack();

  await page.getByRole('link', { name: /^Stop 9/ }).click();
  await button(page, 'Train small').click();
  await expect(page.getByText(/^Small: share of all parameters that moved/)).toBeVisible();
  await expect(page.getByText(/step [2-9]\d* of 60/)).toBeVisible({ timeout: 60_000 });
  await button(page, 'Stop').click();
  await accessible(page);
  expect(complaints).toEqual([]);
});

test('a link with edits that do not fit says so, edit by edit', async ({ page }) => {
  const local = `local:${'0'.repeat(64)}:mine`;
  await page.goto(
    `./#v=1&mode=parameters&view=turn&problems=5&edits=3&e1=small+weight+999999+zero+wte.weight&e2=small+tensor+zero+other.weight&e3=nonsense`,
  );
  await expect(page.getByText('e3=nonsense: cannot be read; left out.')).toBeVisible();
  await expect(page.getByText('no element 999999')).toBeVisible();
  await expect(page.getByText('no parameter tensor called “other.weight”')).toBeVisible();
  await page.goto('about:blank');
  await page.goto(
    `./#v=1&mode=parameters&view=turn&small=${encodeURIComponent(local)}&edits=1&e1=small+layer+0+zero`,
  );
  await expect(page.getByRole('alert').first()).toContainText('mine');
  await expect(page.getByRole('alert').first()).toContainText('1 edit for this model');
});
