// Damaged safetensors, tokenizers and configurations: an error that people can read for each, and drops that name what
// they lack.

import { beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import type { Candidate } from '../../src/core/dropped.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { badInputs, type Kind } from './all.ts';
import { expectReadable } from './readable.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});
const all = badInputs();
const of = (kind: Kind) => all.filter((input) => input.kind === kind);

describe.each([
  { kind: 'safetensors', promised: 60 },
  { kind: 'configuration', promised: 40 },
  // With the ten hostile chat templates sixty.
  { kind: 'tokenizer', promised: 50 },
] as const)('$kind', ({ kind, promised }) => {
  const cases = of(kind);
  it('are as many as promised', () => expect(cases.length).toBeGreaterThanOrEqual(promised));
  it.each(cases)('$name', ({ run }) => expectReadable(() => run(runtime)));
});

describe('drops', () => {
  const cases = of('drop');
  it('are as many as promised', () => expect(cases.length).toBeGreaterThanOrEqual(30));
  it.each(cases)('$name', async ({ run, drop }) => {
    if (drop?.throws) return expectReadable(() => run(runtime));
    const found = (await run(runtime)) as readonly Candidate[];
    const words = found.flatMap(({ missing, files }) => [
      ...missing,
      ...files.flatMap((one) => (one.role === 'refused' ? [one.says, one.remedy ?? ''] : [])),
    ]);
    if (drop?.says === undefined) expect(words).toEqual([]);
    else expect(words.join(' ')).toContain(drop.says);
  });
});
