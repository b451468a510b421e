// Loading and letting go of a checkpoint, 200 times: how much memory the process has afterwards, against what it had once
// it was warm. `node --expose-gc scripts/node.mjs bench/loadCyclesNode.ts [folder]`

import { diskFolder, loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { loadCheckpoint } from '../src/models/checkpoint.ts';

const CYCLES = 200;
/** The first ones fill caches and pools. */
const WARM = 20;

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

export async function main([folder = 'public/models/base-small']: readonly string[]) {
  const runtime = await loadNodeRuntime();
  const gc = (globalThis as { gc?: () => void }).gc;
  let warm = 0;
  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    const checkpoint = await loadCheckpoint(diskFolder(folder), runtime);
    const y = checkpoint.tokenizer.encode('say 7: ');
    (await checkpoint.model.decoder(checkpoint.vocab).logits(y, y.length)).dispose();
    await checkpoint.release();
    if (cycle !== WARM && cycle !== CYCLES) continue;
    gc?.();
    const { rss } = process.memoryUsage();
    if (cycle === WARM) warm = rss;
    const growth = ((rss / warm - 1) * 100).toFixed(1);
    process.stdout.write(`after ${cycle} cycles: ${megabytes(rss)} MB (${growth} %)\n`);
  }
  return 0;
}
