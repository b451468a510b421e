// Every kind of machine: no WebGPU, no adapter, a software adapter, a narrow screen, a sub-path.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, expect, test } from '@playwright/test';
import { ANSWER, button, finished, open, text } from './page.ts';

test('without WebGPU the page says so, and everything works', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
  });
  await page.route('**/compute.worker-*.js', async (route) => {
    const response = await route.fetch();
    const blind = 'Object.defineProperty(WorkerNavigator.prototype,"gpu",{get:()=>undefined});';
    await route.fulfill({ response, body: blind + (await response.text()) });
  });
  await open(page);
  await page
    .getByRole('button', { name: /processor|CPU|wasm|GPU/i })
    .first()
    .click();
  await expect(page.getByText(/This browser has no WebGPU/).first()).toBeVisible();
  await page.keyboard.press('Escape');
  await button(page, 'Run').click();
  await finished(page);
  await expect(text(page)).toHaveText(ANSWER);
});

test('without an adapter the page says so, and everything works', async ({ baseURL }) => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
    args: ['--headless=new', '--no-sandbox', '--disable-quic'],
  });
  try {
    const page = await browser.newPage({ baseURL: baseURL as string });
    await open(page);
    await page
      .getByRole('button', { name: /processor|CPU|wasm|GPU/i })
      .first()
      .click();
    await expect(page.getByText(/found no adapter/).first()).toBeVisible();
    await page.keyboard.press('Escape');
    await button(page, 'Run').click();
    await finished(page);
    await expect(text(page)).toHaveText(ANSWER);
  } finally {
    await browser.close();
  }
});

test('on a software adapter WGSL can be chosen for the kernels and gives the same text', async ({
  page,
}) => {
  await open(page, '#v=1&kernels=webgpu');
  await button(page, 'Run').click();
  await finished(page, 50_000);
  await expect(text(page)).toHaveText(ANSWER);
});

test('at 390 pixels nothing scrolls sideways, and Run is in reach', async ({
  browser,
  baseURL,
}) => {
  for (const width of [390, 320]) {
    const page = await browser.newPage({
      baseURL: baseURL as string,
      viewport: { width, height: 844 },
      hasTouch: true,
    });
    await open(page);
    await button(page, 'Run').click();
    await finished(page);
    await expect(button(page, 'Run')).toBeInViewport();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
    await page.close();
  }
});

test('the page starts with at most 150 kB of script, gzipped', async ({ request, baseURL }) => {
  // Charts, formulas and everything of the worker (ONNX Runtime) are fetched when the page stands.
  const html = await (await request.get('./')).text();
  const initial = [...html.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map((match) => match[1] ?? '');
  expect(initial.length).toBeGreaterThan(0);
  let total = 0;
  for (const path of initial) {
    const script = await request.get(new URL(path, baseURL).href);
    total += gzipSync(await script.body()).length;
  }
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(150_000);
});

test('the built site works from a sub-path of any static host', async ({ page }) => {
  const dist = resolve(import.meta.dirname, '../dist');
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.mjs': 'text/javascript',
    '.css': 'text/css',
    '.wasm': 'application/wasm',
    '.svg': 'image/svg+xml',
  };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname;
    const file = path.startsWith('/deep/er/') ? path.slice('/deep/er/'.length) || 'index.html' : '';
    try {
      const body = await readFile(join(dist, file));
      response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await page.goto(`http://127.0.0.1:${port}/deep/er/`);
    await button(page, 'Run').click();
    await finished(page);
    await expect(text(page)).toHaveText(ANSWER);
  } finally {
    server.close();
  }
});
