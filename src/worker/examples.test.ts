// Examples, from text to what a step sees.
import { beforeAll, describe, expect, it } from 'vitest';
import { diskFolder } from '../../cli/nodeRuntime.ts';
import { readJson } from '../models/folder.ts';
import { makeTokenizer } from '../models/tokenizer.ts';
import { tasks } from '../tasks/index.ts';
import { isUsable, readDataFile, refuseProblems } from './dataFile.ts';
import { fileExamples, taskExamples } from './examples.ts';
import { type Coder, toTokens } from './toTokens.ts';

let coder: Coder;
beforeAll(async () => {
  const folder = diskFolder('recipes/tokenizer', 'own');
  const [json, config] = await Promise.all([
    readJson(folder, 'tokenizer.json'),
    readJson(folder, 'tokenizer_config.json'),
  ]);
  const tokenizer = makeTokenizer('own', json, config);
  coder = { name: 'own', contextLength: 32, eos: 2, tokenizer };
});

const bytes = (text: string) => new TextEncoder().encode(text);
const line = (prompt: string, completion: string) => JSON.stringify({ prompt, completion });
const read = (text: string | Uint8Array<ArrayBuffer>) =>
  readDataFile('sums.jsonl', typeof text === 'string' ? bytes(text) : text, {
    coder,
    breathe: async () => {},
  });

describe('an example as tokens', () => {
  it('begins as a text begins, and ends as one ends', () => {
    const tokens = toTokens({ prompt: 'ab', completion: 'cd' }, coder);
    if ('what' in tokens) throw new Error(tokens.what);
    expect(tokens.prompt[0]).toBe(1);
    expect([tokens.prompt.length, tokens.completion.length]).toEqual([3, 3]);
    expect(tokens.completion.at(-1)).toBe(2);
    const empty = toTokens({ prompt: '', completion: 'cd' }, coder);
    expect(empty).toEqual({ prompt: [1], completion: tokens.completion });
  });

  it('fits the context exactly, or one is told by how much it does not', () => {
    const fits = { prompt: 'a'.repeat(10), completion: 'b'.repeat(20) };
    expect(toTokens(fits, coder)).not.toHaveProperty('what');
    expect(toTokens({ ...fits, prompt: 'a'.repeat(11) }, coder)).toEqual({
      what: 'it has 33 tokens, the one that ends the text included; own reads at most 32.',
    });
  });

  it('says which characters there is no token for', () => {
    expect(toTokens({ prompt: 'a½', completion: 'b\u0007' }, coder)).toEqual({
      what: 'own cannot read “½” (U+00BD), U+0007.',
    });
  });
});

describe('a data file', () => {
  it('is reported in numbers', async () => {
    const text = [line('1+1=', '2'), line('2+2=', '4'), '', line('1+1=', '2')].join('\n');
    const { report, examples } = await read(text);
    expect(report).toEqual({
      name: 'sums.jsonl',
      bytes: bytes(text).length,
      lines: 3,
      examples: 3,
      duplicates: 1,
      tokens: 21,
      longest: 7,
      contextLength: 32,
      problems: [],
      problemCount: 0,
      preview: examples.map(({ prompt, completion }) => ({ prompt, completion })),
    });
    expect(isUsable(report)).toBe(true);
    expect(() => refuseProblems(report)).not.toThrow();
  });

  it('names every line that cannot be used, and a training with it is refused', async () => {
    const { report } = await read(
      [line('a', 'b'), 'oops', line('a'.repeat(40), 'b'), line('½', 'b'), line('c', 'd')].join(
        '\n',
      ),
    );
    expect(report.problems.map(({ line }) => line)).toEqual([2, 3, 4]);
    expect(report.problemCount).toBe(3);
    expect(isUsable(report)).toBe(false);
    expect(() => refuseProblems(report)).toThrow(
      'sums.jsonl, line 2: “oops” is not JSON. 2 more lines cannot be used either.',
    );
  });

  it('shows the first problems of very many', async () => {
    const { report } = await read('x\n'.repeat(5000));
    expect([report.problems.length, report.problemCount]).toEqual([20, 5000]);
  });

  it('is text in UTF-8, and not endless', async () => {
    await expect(read(new Uint8Array([0xff, 0xfe, 0x7b, 0]))).rejects.toThrow('not text in UTF-8');
    await expect(read(new Uint8Array(64e6 + 1))).rejects.toThrow('at most 64 MB');
  });

  it('hears other messages in between', async () => {
    let breaths = 0;
    const reading = { coder, breathe: async () => void breaths++ };
    await readDataFile('a', bytes(`${line('a', 'b')}\n`.repeat(100)), reading);
    expect(breaths).toBe(100);
  });
});

describe('what is learned from and what is measured on', () => {
  const many = async (count: number) =>
    (await read(Array.from({ length: count }, (_, i) => line(`${i}=`, 'x')).join('\n'))).examples;

  it('of a file, every different example is in one of the two, and in every round once', async () => {
    const all = await many(40);
    const examples = fileExamples('f', [...all, ...all], { seed: 3, problems: 200 });
    expect([examples.distinct, examples.heldOutCount]).toEqual([36, 4]);
    const key = (tokens: readonly number[]) => tokens.join(' ');
    const round = (number: number) =>
      Array.from({ length: 36 }, (_, i) => key(examples.example(36 * number + i).prompt));
    const held = [0, 1, 2, 3].map((i) => key(examples.heldOut(i).example.prompt));
    const expected = all.map(({ example }) => key(example.prompt)).sort();
    for (const number of [0, 1, 7]) expect([...round(number), ...held].sort()).toEqual(expected);
    expect(round(0)).not.toEqual(round(1));
    // Whoever goes on from the middle sees what was to come.
    const again = fileExamples('f', all, { seed: 3, problems: 200 });
    expect(again.example(100)).toEqual(examples.example(100));
    expect(fileExamples('f', all, { seed: 4, problems: 200 }).example(0)).not.toEqual(
      examples.example(0),
    );
  });

  it('no more of a file is held out than is asked for, and never all of it', async () => {
    const all = await many(1000);
    expect(fileExamples('f', all, { seed: 1, problems: 70 }).heldOutCount).toBe(70);
    expect(fileExamples('f', all, { seed: 1, problems: 5 }).heldOutCount).toBe(64);
    expect(fileExamples('f', all.slice(0, 2), { seed: 1, problems: 5 })).toMatchObject({
      distinct: 1,
      heldOutCount: 1,
    });
    const [one] = all;
    expect(() => fileExamples('f', one ? [one, one] : [], { seed: 1, problems: 5 })).toThrow(
      'f has one example; a training needs at least two different ones.',
    );
    expect(() => fileExamples('f', [], { seed: 1, problems: 5 })).toThrow('f has no examples');
  });

  it('of a task, what is measured on is what evaluate mode asks, and is not what is learned from', () => {
    const ask = { seed: 5, difficulty: 9, problems: 10 };
    const examples = taskExamples(tasks.numberWords, ask, { ...coder, contextLength: 256 });
    const held = examples.heldOut(3);
    const problem = tasks.numberWords.problem(5, 3, 9);
    expect([held.prompt, held.completion]).toEqual([problem.prompt, problem.answer]);
    expect([held.reward(problem.answer), held.reward('no')]).toEqual([1, 0]);
    expect(examples.heldOutCount).toBe(64);
    const learned = new Set(
      Array.from({ length: 200 }, (_, i) => examples.example(i).prompt.join()),
    );
    const seen = Array.from({ length: 64 }, (_, i) => examples.heldOut(i)).filter(
      ({ prompt, example }) => prompt.length > 9 && learned.has(example.prompt.join()),
    );
    expect(seen).toEqual([]);
  });

  it('a task that the checkpoint cannot read is refused with an example', () => {
    const ask = { seed: 5, difficulty: 9, problems: 10 };
    const short = taskExamples(tasks.numberWords, ask, { ...coder, contextLength: 4 });
    expect(() => short.example(0)).toThrow(/own cannot learn “Numbers in words”: .* at most 4\./);
  });
});
