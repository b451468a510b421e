// What goes wrong sooner or later: each time a sentence with what to do, a page that still works, and the
// previous run still there.
import { expect, type Page, test } from '@playwright/test';
import {
  hanging,
  largerVocabulary,
  swappedVocabulary,
  untrainable,
  withNaN,
} from '../test/support/brokenCheckpoints.ts';
import { ANSWER, answerWith, button, finished, modelFile, open, status, text } from './page.ts';

const LARGE = 'large-tuned/onnx/model.onnx';
const TOKENIZER = 'large-tuned/tokenizer.json';
const tokenizer = () => new TextDecoder().decode(modelFile(TOKENIZER));

const SMALL = 'base-small/onnx/model.onnx';

const cases: [string, (page: Page) => Promise<void>, RegExp, string?][] = [
  [
    'a file that is not ONNX',
    (page) => answerWith(page, LARGE, tokenizer()),
    /tokenizer\.json|not .*ONNX/i,
  ],
  [
    'a Git LFS pointer',
    (page) =>
      answerWith(page, LARGE, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
    /git lfs pull/i,
  ],
  [
    'a truncated file',
    (page) => answerWith(page, LARGE, modelFile(LARGE).slice(0, 1_000_000)),
    /truncated|cut off|ends/i,
  ],
  ['a missing file', (page) => answerWith(page, LARGE, 'no', 404), /no file onnx\/model\.onnx/],
  [
    'a tokenizer that does not fit',
    (page) => answerWith(page, TOKENIZER, largerVocabulary(tokenizer(), 500)),
    /does not fit/,
  ],
  [
    'two vocabularies',
    (page) => answerWith(page, TOKENIZER, swappedVocabulary(tokenizer())),
    /do not share a vocabulary/,
  ],
  [
    'a model that cannot be trained',
    (page) => answerWith(page, SMALL, untrainable(modelFile(SMALL))),
    /no gradient for Selu \(once\)/,
    '#v=1&mode=train&method=grpo&steps=1',
  ],
  ['NaN in the logits', (page) => answerWith(page, LARGE, withNaN(modelFile(LARGE))), /NaN/],
];

test('whatever is wrong with a file is explained, and the page stays usable', async ({ page }) => {
  for (const [what, arrange, sentence, link] of cases) {
    await test.step(what, async () => {
      await arrange(page);
      await open(page, link);
      await button(page, 'Run').click();
      await expect(page.getByRole('alert').first()).toContainText(sentence);
      await expect(button(page, 'Run')).toBeEnabled();
      await page.unrouteAll();
    });
  }
  // Files that were read without complaint stay loaded; a new visit reads them again.
  await open(page);
  await button(page, 'Run').click();
  await finished(page);
  await expect(text(page)).toHaveText(ANSWER);
});

test('a prompt that the models cannot read or hold leaves the previous run where it is', async ({
  page,
}) => {
  await open(page);
  await button(page, 'Run').click();
  await finished(page);
  const prompt = page.getByRole('textbox', { name: /prompt/i });
  await prompt.fill('say 4€: ');
  await button(page, 'Run').click();
  await expect(page.getByRole('alert').first()).toContainText('“€” (U+20AC)');
  await prompt.fill('say 1: '.repeat(40));
  await button(page, 'Run').click();
  await expect(page.getByRole('alert').first()).toContainText(/reads at most 192/);
  await page
    .getByText(/^Run 1\b/)
    .first()
    .click();
  await expect(text(page)).toHaveText(ANSWER);
});

test('a model that hangs can be stopped, and the next run works', async ({ page }) => {
  test.setTimeout(120_000);
  await answerWith(page, LARGE, hanging(modelFile(LARGE)));
  await open(page);
  await button(page, 'Run').click();
  await page.waitForTimeout(3000);
  await expect(page.getByText('warming up')).toBeVisible();
  await button(page, 'Stop').click();
  await expect(status(page)).toContainText('was stopped');
  await page.unrouteAll();
  await button(page, 'Run').click();
  await finished(page, 60_000);
  await expect(text(page)).toHaveText(ANSWER);
});
