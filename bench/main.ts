// `npm run bench`: measures in Chromium and prints tables. Speeds are ratios side by side in one run; a
// number without its yardstick from the same run says more about the machine than about the code.
//   npm run bench                     kernels, decoding and load
//   npm run bench -- kernels          kernels only
//   npm run bench -- kernels --node   kernels in Node through Dawn (needs a Vulkan driver)
//   npm run bench -- fusion           the fusion kernel, against a copy and against separate passes
//   npm run bench -- fusion --node    the same in Node through Dawn
//   npm run bench -- gpu --node       training, decoding and dials on a GPU, in Node through Dawn
//   npm run bench -- fusion --rows=1  without the shapes of 64 rows, which take a software adapter ten minutes
//   npm run bench -- decoding --problems=200 --grid --smalls=small,small-aligned --large=large
//   npm run bench -- load             from a cold page load to the first token
//   npm run bench -- training         a training step, in Chromium and in Node, and in jax-js
//   npm run bench -- learning         two-digit addition from random weights
//   npm run bench -- dials            from a turned parameter to the new distribution
//   npm run bench -- transformers     Evaluate on a dropped pair, beside transformers.js on the same files
//   npm run bench -- badInputs        how long it takes to refuse a bad file; in Node
//   npm run bench -- python           exports opened in Python's ONNX Runtime, against Node's
//   npm run bench -- memory           200 loads, and a checkpoint of 2.1 GB
//   npm run bench -- evidence         what fusion and search are worth on the built-in family; in Node
//   --save                            also writes docs/bench/*.md
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { findChromium } from '../scripts/install.mjs';
import { defaultCheckpoints } from '../src/experiment/experiment.ts';
import { gpuReport } from './gpuReport.ts';
import { benchLarge } from './largeCheckpoint.ts';
import { benchLoad } from './load.ts';
import { benchCycles, memoryReport } from './memory.ts';
import {
  decodingReport,
  dialsReport,
  fusionReport,
  kernelReport,
  loadReport,
  machine,
  withFrontier,
} from './report.ts';
import { benchSteps } from './training.ts';
import { learningReport, trainingReport } from './trainingReport.ts';
import { transformersReport, versions } from './transformersReport.ts';

/** What runs when nothing is named. */
const USUAL = ['kernels', 'decoding', 'load'];

export async function main(args: string[]): Promise<number> {
  const flags = new Set(args.filter((arg) => arg.startsWith('--')).map((arg) => arg.split('=')[0]));
  const text = (name: string, fallback: string) =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1] ?? fallback;
  const value = (name: string, fallback: number) => Number(text(name, String(fallback)));
  const words = args.filter((arg) => !arg.startsWith('--'));
  const wants = (what: string) => (words.length === 0 ? USUAL : words).includes(what);
  const root = resolve(import.meta.dirname, '..');
  const publish = (name: string, text: string) => {
    console.log(text);
    if (!flags.has('--save')) return;
    mkdirSync(join(root, 'docs/bench'), { recursive: true });
    writeFileSync(join(root, 'docs/bench', `${name}.md`), text);
  };

  if (flags.has('--node')) {
    const { benchFusionInNode, benchKernelsInNode } = await import('./kernelsNode.ts');
    if (words.length === 0 || words.includes('kernels')) {
      publish('kernels-node', kernelReport(await benchKernelsInNode()));
    }
    if (words.includes('fusion')) {
      const mostRows = value('rows', 64);
      const found = await benchFusionInNode(mostRows);
      publish('fusion-node', fusionReport({ ...found, mostRows, node: true }));
    }
    if (words.includes('gpu')) {
      const { benchGpu } = await import('./gpu.ts');
      const found = await benchGpu(root, (line) => console.error(line));
      publish('gpu', gpuReport(found));
      if (found.failures.length > 0) return 1;
    }
    return 0;
  }

  if (words.includes('badInputs')) {
    const { benchBadInputs } = await import('./badInputs.ts');
    publish('badInputs', await benchBadInputs());
    return 0;
  }

  if (words.includes('python')) {
    const { benchPython } = await import('./python.ts');
    const { text, good } = await benchPython();
    publish('python', text);
    return good ? 0 : 1;
  }

  if (words.includes('evidence')) {
    const { evidenceReport, gatherEvidence } = await import('./evidence.ts');
    const found = await gatherEvidence(root, value('problems', 100), console.error);
    publish('evidence', evidenceReport(found, machine()));
    return 0;
  }

  const server = await createServer({
    root,
    logLevel: 'error',
    // With an ONNX Runtime beside it that finds its WebAssembly by its own address.
    optimizeDeps: { exclude: ['@huggingface/transformers', 'onnxruntime-web'] },
    server: { port: 5198, host: '127.0.0.1', hmr: false },
  });
  await server.listen();
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--disable-quic'],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    page.on('pageerror', (error) => console.error(error));
    page.on('console', (message) => console.error(message.text()));
    const devtools = await browser.newBrowserCDPSession();
    // What the renderers have computed; others on the same cores do not count.
    await page.exposeFunction('computedMs', async () => {
      const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
      const renderers = processInfo.filter(({ type }) => type === 'renderer');
      return renderers.reduce((sum, { cpuTime }) => sum + 1000 * cpuTime, 0);
    });
    await page.goto(`${server.resolvedUrls?.local[0]}bench/index.html`);
    await page.waitForFunction(() => 'bench' in window);
    if (wants('kernels')) {
      publish('kernels', kernelReport(await page.evaluate(() => window.bench.kernels())));
    }
    if (wants('fusion')) {
      const mostRows = value('rows', 64);
      const found = await page.evaluate((most) => window.bench.fusion(most), mostRows);
      publish('fusion', fusionReport({ ...found, mostRows }));
    }
    if (wants('load')) publish('load', loadReport(await benchLoad(browser, root)));
    if (wants('decoding')) {
      const options = {
        problems: value('problems', 50),
        grid: flags.has('--grid'),
        smalls: text('smalls', defaultCheckpoints.small).split(','),
        large: text('large', defaultCheckpoints.large),
        folder: text('folder', 'models'),
      };
      const report = await page.evaluate((o) => window.bench.decoding(o), options);
      publish('decoding', decodingReport(report));
      if (flags.has('--save')) {
        const readme = join(root, 'public', options.folder, options.large, 'README.md');
        writeFileSync(readme, withFrontier(readFileSync(readme, 'utf8'), report));
      }
    }
    if (wants('dials')) {
      publish('dials', dialsReport(await page.evaluate(() => window.bench.dials())));
    }
    if (wants('training')) {
      const { wasm, passes } = await page.evaluate(() => window.bench.training());
      const node = await benchSteps(await loadNodeRuntime(), () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1000;
      });
      publish('training', trainingReport({ wasm, node, passes }));
    }
    if (wants('transformers')) {
      const options = {
        problems: value('problems', 6),
        rounds: value('rounds', 9),
        only: text('only', '').split(',').filter(Boolean),
      };
      const report = await page.evaluate((o) => window.bench.transformers(o), options);
      publish('transformers', transformersReport(report, versions(root)));
    }
    if (wants('memory')) {
      const cycles = await benchCycles(page, devtools);
      const sizes = text('layers', '8').split(',').map(Number);
      const large = await benchLarge(browser, devtools, page.url(), root, sizes);
      publish('memory', memoryReport(cycles, large));
    }
    if (wants('learning')) {
      publish('learning', learningReport(await page.evaluate(() => window.bench.learning())));
    }
  } finally {
    await browser.close();
    await server.close();
  }
  return 0;
}
