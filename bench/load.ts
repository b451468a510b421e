// From a cold page load to the first token: a fresh browser profile, the built site from localhost, Run pressed
// as soon as it can be.
import type { Browser } from 'playwright';
import { build, preview } from 'vite';

export interface LoadReport {
  /** Milliseconds from the start of the navigation, per visit. */
  readonly usable: readonly number[];
  readonly firstToken: readonly number[];
  readonly finished: readonly number[];
}

const VISITS = 5;

export async function benchLoad(browser: Browser, root: string): Promise<LoadReport> {
  await build({ root, logLevel: 'error' });
  const server = await preview({
    root,
    logLevel: 'error',
    preview: { port: 5196, host: '127.0.0.1' },
  });
  const report = { usable: [] as number[], firstToken: [] as number[], finished: [] as number[] };
  try {
    for (let visit = 0; visit < VISITS; visit++) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      const started = performance.now();
      const since = () => performance.now() - started;
      await page.goto(server.resolvedUrls?.local[0] ?? '');
      await page.getByRole('button', { name: 'Run', exact: true }).first().click();
      report.usable.push(since());
      await page.locator('[data-cell="token"]').first().waitFor();
      report.firstToken.push(since());
      await page.getByText(/Run 1 finished/).waitFor({ state: 'attached' });
      report.finished.push(since());
      await context.close();
    }
  } finally {
    await server.close();
  }
  return report;
}
