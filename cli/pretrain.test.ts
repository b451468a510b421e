// Checkpoints from recipes, as somebody at a terminal makes them.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../src/models/checkpoint.ts';
import { decodeTraining, encodeTraining } from '../src/models/trainingState.ts';
import { diskFolder, loadNodeRuntime } from './nodeRuntime.ts';
import { main } from './pretrain.ts';
import { parseRecipe } from './recipe.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-pretrain-'));
});
afterAll(() => rmSync(root, { recursive: true }));

async function pretrain(...args: string[]) {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(line));
  return { code, lines, said: lines.join('\n') };
}
const modelOf = (out: string, name = 'quick') =>
  readFileSync(join(root, out, name, 'onnx/model.onnx'));
const losses = (said: string) =>
  [...said.matchAll(/held-out loss ([\d.]+)/g)].map((match) => Number(match[1]));

describe('--quick', () => {
  it('lowers the loss and writes a folder that loads and says how it was made', async () => {
    const { code, said } = await pretrain('--quick', '--out', join(root, 'whole'));
    expect(code).toBe(0);
    const measured = losses(said);
    expect(measured).toHaveLength(3);
    expect(measured[0]!).toBeCloseTo(Math.log(79), 0);
    expect(measured.at(-1)!).toBeLessThan(measured[0]! / 2);

    const folder = diskFolder(join(root, 'whole/quick'));
    const checkpoint = await loadCheckpoint(folder, await loadNodeRuntime());
    expect(checkpoint.model.config).toEqual({ contextLength: 64, eos: [2], bos: 1 });
    await checkpoint.release();
    const readme = readFileSync(join(root, 'whole/quick/README.md'), 'utf8');
    expect(readme).toContain('seed 1, 60 steps of 16 examples');
    expect(readme).toContain(`${measured.at(-1)!.toFixed(4)} nats per token`);
    expect(readme).toMatch(/\| numberWords \| 2 \| 20 \| [\d.]+ % \|/);
    expect(existsSync(join(root, 'whole/quick.state'))).toBe(false);
  });

  it('stopped and continued, ends with the same file, bit for bit', async () => {
    const out = join(root, 'halves');
    const first = await pretrain('--quick', '--out', out, '--stop=23');
    expect(first.said).toContain('stopped after step 23');
    expect(existsSync(join(out, 'quick'))).toBe(false);
    const second = await pretrain('--quick', '--out', out);
    expect(second.said).toContain('goes on after step 23');
    expect(modelOf('halves').equals(modelOf('whole'))).toBe(true);
  });
});

describe('what goes wrong', () => {
  const quick = () => JSON.parse(readFileSync('recipes/quick.json', 'utf8'));
  const file = (name: string, value: unknown): string => {
    const path = join(root, name);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };

  it('a state that belongs to another recipe is not touched, unless one begins afresh', async () => {
    const recipe = { ...quick(), name: 'other', training: { steps: 4, batch: 2 }, problems: 1 };
    const path = file('other.json', recipe);
    const out = ['--out', join(root, 'other')];
    expect((await pretrain(path, ...out, '--stop=1')).code).toBe(0);
    file('other.json', { ...recipe, seed: 2 });
    const refused = await pretrain(path, ...out);
    expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('another recipe')]);
    expect((await pretrain(path, ...out, '--fresh')).code).toBe(0);
  });

  it('a state that was saved before a setting existed goes on', async () => {
    const recipe = { ...quick(), name: 'old', training: { steps: 4, batch: 2 }, problems: 1 };
    const path = file('old.json', recipe);
    const out = join(root, 'old');
    await pretrain(path, '--out', out, '--stop=1');
    const statePath = join(out, 'old.state');
    const { state, meta } = decodeTraining(readFileSync(statePath));
    const { training, ...rest } = JSON.parse(String(meta.recipe));
    const { packing, ...before } = training;
    expect(packing).toBe('padded');
    const saved = { ...meta, recipe: JSON.stringify({ ...rest, training: before }) };
    writeFileSync(statePath, encodeTraining({ state, meta: saved }));
    const { code, said } = await pretrain(path, '--out', out);
    expect([code, said]).toEqual([0, expect.stringContaining('goes on after step 1')]);
  });

  it('a training whose numbers run away says so and writes no folder', async () => {
    // Every step multiplies the weights by 1 - 1 * 10, until float32 has no room for them.
    const training = { steps: 100, batch: 2, learningRate: 1, warmup: 0, weightDecay: 10 };
    const wild = { ...quick(), name: 'wild', problems: 1, training };
    const path = file('wild.json', { ...wild, training: { ...training, schedule: 'constant' } });
    const { code, said } = await pretrain(path, '--out', join(root, 'wild'));
    expect([code, said]).toEqual([1, expect.stringContaining('is no finite number')]);
    expect(existsSync(join(root, 'wild'))).toBe(false);
  });

  it.each<[string, object, string]>([
    ['an unknown setting', { colour: 1 }, 'colour'],
    [
      'an unknown task',
      { tasks: [{ task: 'x', difficulty: 1, share: 1 }] },
      'expected one of numberWords',
    ],
    [
      'a difficulty out of range',
      { tasks: [{ task: 'numberWords', difficulty: 12, share: 1 }] },
      'the difficulty of numberWords: expected an integer in [1, 9]',
    ],
    ['an unknown knob', { training: { speed: 1 } }, 'training.speed: there is no such setting'],
    [
      'a knob out of range',
      { training: { batch: 0 } },
      'training.batch: expected an integer in [1, 4096]',
    ],
    ['heads', { architecture: { layers: 1, width: 10, heads: 4, context: 8 } }, 'no multiple'],
    ['no seed', { seed: -1 }, 'seed'],
  ])('%s', async (_, change, text) => {
    const { code, said } = await pretrain(file('bad.json', { ...quick(), ...change }));
    expect([code, said]).toEqual([1, expect.stringContaining(text)]);
  });

  it.each<[string[], number, string]>([
    [['nowhere.json'], 1, 'There is no recipe nowhere.json'],
    [['package.json'], 1, 'package.json is not a recipe'],
    [['LICENSE'], 1, 'it is not JSON'],
    [['--colour'], 2, '--colour is not an option.'],
    [['--stop'], 2, '--stop needs a value.'],
    [['--threads=x'], 2, '--threads=x: expected a whole number'],
    [['--help'], 0, 'usage:'],
  ])('%o', async (args, code, text) => {
    const result = await pretrain(...args);
    expect([result.code, result.said]).toEqual([code, expect.stringContaining(text)]);
  });
});

describe('the recipes of the project', () => {
  it.each(['quick', 'base-small', 'base-large'])('%s is one, under its own name', (name) => {
    expect(parseRecipe(readFileSync(`recipes/${name}.json`, 'utf8'), name).name).toBe(name);
  });
});
