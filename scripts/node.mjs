// Runs a TypeScript module of this project in Node, with the same module rules as the page (`?raw`, JSON),
// by loading it through Vite: node scripts/node.mjs cli/main.ts [arguments]. The module exports
// main(args): Promise<exit code>.
import { resolve } from 'node:path';
import { createServer } from 'vite';
import { browserRuntime } from './browserRuntime.mjs';

const [file, ...args] = process.argv.slice(2);
if (!file) {
  console.error('usage: node scripts/node.mjs FILE.ts [arguments]');
  process.exit(2);
}
const root = resolve(import.meta.dirname, '..');
const vite = await createServer({
  root,
  logLevel: 'error',
  resolve: { alias: browserRuntime },
  appType: 'custom',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
let code = 1;
try {
  const module = await vite.ssrLoadModule(resolve(root, file));
  code = await module.main(args);
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
} finally {
  await vite.close();
}
process.exit(code);
