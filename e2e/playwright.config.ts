// End-to-end tests drive the built page in Chromium. The flag gives the software adapter; tests that want
// another kind of machine start their own browser.
import { defineConfig } from '@playwright/test';

const port = Number(process.env.E2E_PORT ?? 4187);
const executablePath = process.env.CHROME_PATH ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  timeout: 90_000,
  expect: { timeout: 10_000 },
  // Files side by side: a page waits for one thread most of the time, and there are two cores at least.
  fullyParallel: false,
  workers: 2,
  retries: 0,
  use: {
    baseURL: `http://127.0.0.1:${port}/`,
    launchOptions: {
      executablePath,
      args: ['--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--disable-quic'],
    },
    viewport: { width: 1440, height: 900 },
  },
  webServer: {
    command: `npx --no-install vite preview --port ${port} --strictPort --host 127.0.0.1`,
    cwd: '..',
    url: `http://127.0.0.1:${port}/`,
    reuseExistingServer: false,
  },
});
