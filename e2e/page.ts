// The page as a person sees it, for tests that read like sentences.
import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';

export const ANSWER = 'nine million ninety-five thousand six hundred eleven.';

export const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' }).first();

/** The line that says what has just happened. */
export const status = (page: Page) => page.getByRole('status').first();

export async function open(page: Page, fragment = ''): Promise<void> {
  await page.goto(`./${fragment}`);
  await expect(button(page, 'Run')).toBeEnabled();
}

export async function finished(page: Page, timeout = 30_000): Promise<void> {
  await expect(status(page)).toContainText(/Run \d+ finished/, { timeout });
}

/** The text of the run on the stage. */
export const text = (page: Page) => page.getByTestId('text');

/** Bytes of a file of the built-in checkpoints. */
export const modelFile = (path: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`../public/models/${path}`, import.meta.url)));

/** From now on a checkpoint's file is answered with `body`. */
export async function answerWith(page: Page, path: string, body: Uint8Array | string, code = 200) {
  await page.route(`**/models/${path}`, (route) =>
    route.fulfill({
      status: code,
      body: Buffer.from(body),
      contentType: 'application/octet-stream',
    }),
  );
}
