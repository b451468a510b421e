// The command line as somebody at a terminal sees it.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../src/core/events.ts';
import { methodsOf } from '../src/experiment/catalogue.ts';
import { digestOf } from '../src/experiment/digest.ts';
import { main } from './main.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function tandem(...args: string[]) {
  const out: string[] = [];
  const said: string[] = [];
  const code = await main(
    args,
    (line) => out.push(line),
    (line) => said.push(line),
  );
  return {
    code,
    out,
    said: said.join('\n'),
    events: () => out.map((line): RunEvent => JSON.parse(line)),
  };
}
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('a link', () => {
  it('gives the events of the run, one JSON object per line', async () => {
    const { code, events, said } = await tandem(
      'https://example.org/x/#v=1&method=greedy&prompt=say+7%3A+',
    );
    expect(code).toBe(0);
    expect(said).toBe('');
    const types = events().map((event) => event.type);
    expect(types[0]).toBe('prompt');
    expect(types.slice(-2)).toEqual(['generated', 'completed']);
    const generated = events().find((event) => event.type === 'generated');
    expect(generated?.text).toBe('seven.');
  });

  it('says what it ignored, and whether the tokens are the sender’s', async () => {
    const link = '#v=1&method=greedy&prompt=say+7%3A+&seed=many';
    const first = await tandem(link);
    expect(first.said).toContain('seed=many: expected an integer');
    const generated = first.events().find((event) => event.type === 'generated');
    const tokens = generated?.tokens ?? [];
    const same = await tandem(`${link}&digest=${digestOf(tokens)}`);
    expect(same.said).toContain('Same tokens as the link.');
    const other = await tandem(`${link}&digest=${digestOf([...tokens.slice(0, 3), 5])}`);
    expect(other.said).toContain('number 4 is the first that differs');
  });
});

describe('every method', () => {
  it.each(methodsOf('generate'))(
    '%s writes and is evaluated with the built-in pair',
    async (method) => {
      const link = `#v=1&method=${method}&prompt=say+7%3A+&maxTokens=10&problems=1`;
      const written = await tandem(link);
      expect(written.said).toBe('');
      expect(written.code).toBe(0);
      const generated = written.events().find((event) => event.type === 'generated');
      expect(generated?.tokens.length).toBeGreaterThan(0);
      const evaluated = await tandem(`${link}&mode=evaluate`);
      expect(evaluated.code).toBe(0);
      const answers = evaluated.events().filter((event) => event.type === 'answer');
      expect(answers.length).toBe(method === 'greedy' ? 2 : 3);
    },
  );

  it('knobs that do not go together are refused with a sentence', async () => {
    const { code, said } = await tandem('#v=1&method=weakToStrong&temperature=0');
    expect(code).toBe(1);
    expect(said).toContain('At temperature 0 all 4 candidates after a beam are equal');
  });
});

describe('an experiment as a file', () => {
  it('is read like a link; what it leaves out is as on a first visit', async () => {
    const experiment = {
      mode: 'evaluate',
      problems: 2,
      method: 'bild',
      params: { maxDraft: 4 },
      colour: 'red',
    };
    const { code, events, said } = await tandem(file('e.json', JSON.stringify(experiment)));
    expect(code).toBe(0);
    expect(said).toContain('colour: no such setting; ignored.');
    expect(events().filter((event) => event.type === 'answer')).toHaveLength(6);
  });
});

describe('checkpoints of one’s own', () => {
  it('take the place of the experiment’s', async () => {
    const same = 'public/models/base-small';
    const { code, events } = await tandem(
      `--large=${same}`,
      '--threads',
      '2',
      '#v=1&prompt=say+7%3A+',
    );
    expect(code).toBe(0);
    // Small and large are one model, so nothing is ever struck out.
    const generated = events().find((event) => event.type === 'generated');
    expect(generated?.stats.rollbacks).toBe(0);
  });
});

describe('a training', () => {
  const link = '#v=1&mode=train&method=sft&steps=2&batch=4&evaluateEvery=0&problems=2';

  it('prints its events and writes a folder that a later run can read', async () => {
    const out = join(folder, 'trained');
    const { code, events, said } = await tandem(link, '--out', out);
    expect(code).toBe(0);
    expect(events().map(({ type }) => type)).toContain('kept');
    const written = /Written to (.*)\.$/m.exec(said)?.[1] as string;
    const again = await tandem('#v=1&prompt=say+7%3A+', '--small', written);
    expect(again.code).toBe(0);
  });

  it('learns from a file if it is the one that the link means', async () => {
    const text = '{"prompt": "say 7: ", "completion": "seven."}\n'.repeat(3);
    const data = file('seven.jsonl', text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const named = (hash: string) => `${link}&data=file%3A${hash}%3Aseven.jsonl`;
    expect((await tandem(named(sha256), '--data', data)).code).toBe(0);
    const other = await tandem(named('a'.repeat(64)), '--data', data);
    expect(other.code).toBe(1);
    expect(other.said).toContain('seven.jsonl');
    expect((await tandem(named(sha256), '--data', 'nowhere')).said).toContain('cannot be read');
  });
});

describe('what goes wrong', () => {
  it.each<[string[], number, string]>([
    [[], 2, 'Which experiment?'],
    [['--colour', '#v=1'], 2, '--colour is not an option.'],
    [['#v=1', '#v=1'], 2, 'One experiment at a time'],
    [['--threads=0', '#v=1'], 2, '--threads=0: expected an integer in [1, 256].'],
    [['--models'], 2, '--models needs a value.'],
    [['nowhere.json'], 2, 'nowhere.json is neither a link (no #) nor a file that can be read.'],
    [['package.json', '--large', 'src'], 1, 'src holds no model'],
    [['#v=1', '--models', 'nowhere'], 1, 'There is no checkpoint small-number-words-aligned'],
    [['#v=1&prompt=%E2%82%AC'], 1, '“€” (U+20AC)'],
  ])('%o', async (args, code, text) => {
    const result = await tandem(...args);
    expect(result.code).toBe(code);
    expect(result.said).toContain(text);
    expect(result.out).toEqual([]);
  });

  it('a file that is no experiment', async () => {
    expect((await tandem(file('list.json', '[1]'))).said).toContain('does not hold a JSON object');
  });

  it('help is no failure', async () => {
    const { code, out } = await tandem('--help');
    expect(code).toBe(0);
    expect(out.join()).toContain('usage:');
  });
});
