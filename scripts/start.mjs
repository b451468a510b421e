// `npm start`: from a bare clone to a page that works. Builds what users get and serves it.
import { installPackages, root } from './install.mjs';

installPackages();
const { build, preview } = await import('vite');
console.log('Building ...');
await build({ root, logLevel: 'warn' });
const port = Number(process.env.PORT ?? 4173);
const server = await preview({ root, preview: { port, host: '127.0.0.1' } });
console.log('\nTandem is at');
server.printUrls();
console.log('\nCtrl+C stops it.');
