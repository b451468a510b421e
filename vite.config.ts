// Build, dev server and the two Vitest projects. The base is relative, so that dist/ works on any static
// host and from any sub-path.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Version and commit, which every kept run says; without git, the version alone. */
function build(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  try {
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { stdio: 'pipe' });
    return `${version} ${commit.toString().trim()}`;
  } catch {
    return version;
  }
}
process.env.VITE_BUILD ??= build();

/** Set by scripts/chromium.mjs, which finds or installs a browser. */
const executablePath = process.env.CHROME_PATH ?? '/usr/bin/chromium';

/**
 * What the built page may do: run its own scripts and WebAssembly, talk to its own origin, nothing else.
 * (`wasm-unsafe-eval` permits compiling WebAssembly, which ONNX Runtime is; not `eval`. A worker that is begun as a
 * blob has the page's policy, one that comes from the network has none: docs/decisions.md.)
 */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "frame-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  // No text becomes a script or markup; a worker's blob is the one script that is made here (worker/pageWorker.ts).
  "require-trusted-types-for 'script'",
  'trusted-types tandem-worker',
];

/** What door.html may do, which is open while files are fetched from a server whose address somebody typed. */
const doorPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  'connect-src https: http://localhost:* http://127.0.0.1:*',
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

/** Writes the policies into the built pages; the development server needs inline scripts of its own. */
const policy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: (_, { path }) => [
    {
      tag: 'meta',
      attrs: {
        'http-equiv': 'Content-Security-Policy',
        content: (path.endsWith('door.html') ? doorPolicy : pagePolicy).join('; '),
      },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  base: './',
  plugins: [react(), policy],
  worker: { format: 'es' },
  // Nothing inlined: the policy above allows fonts from files only.
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 700,
    assetsInlineLimit: 0,
    rollupOptions: { input: ['index.html', 'door.html'] },
  },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['{src,cli,bench,test}/**/*.test.ts'],
          exclude: ['**/*.gpu.test.ts'],
          // A test that hangs is caught; one that waits for a busy machine is not.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: ['{src,test}/**/*.gpu.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            // "--headless=new" below: the old headless shell has no WebGPU.
            headless: false,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath,
                args: ['--headless=new', '--no-sandbox', '--enable-unsafe-webgpu'],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
