// `npm run families -- DIR`: every family as a checkpoint folder, to drop onto the page or to try elsewhere. Without a
// folder it says what ONNX Runtime writes for each, which is what greedy.json holds.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { greedyByRuntime } from './greedy.ts';
import { families, familyBytes, familyConfig } from './index.ts';

const PROMPT = [1, 17, 30, 22, 41];

export async function main([folder]: readonly string[]): Promise<number> {
  const runtime = await loadNodeRuntime();
  const written: Record<string, number[]> = {};
  for (const family of families) {
    const bytes = familyBytes(family);
    if (folder === undefined) {
      const session = await runtime.createSession(bytes);
      written[family] = await greedyByRuntime(session, runtime, PROMPT, 16);
      await session.release();
      continue;
    }
    const target = join(folder, family.replaceAll(' ', '-'));
    mkdirSync(join(target, 'onnx'), { recursive: true });
    writeFileSync(join(target, 'onnx/model.onnx'), bytes);
    writeFileSync(join(target, 'config.json'), `${JSON.stringify(familyConfig, undefined, 2)}\n`);
    for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
      writeFileSync(join(target, file), readFileSync(`recipes/tokenizer/${file}`));
    }
  }
  if (folder === undefined) process.stdout.write(`${JSON.stringify(written)}\n`);
  return 0;
}
