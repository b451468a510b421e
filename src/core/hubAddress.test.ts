// What people type, and what it means.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from './errors.ts';
import { hubFileUrl, hubListUrl, parseHubAddress, showHubAddress } from './hubAddress.ts';

const hub = 'https://huggingface.co';
describe('an address', () => {
  it.each([
    ['org/name', hub, 'org/name', 'main'],
    ['  org/name@v1.0 ', hub, 'org/name', 'v1.0'],
    ['gpt2', hub, 'gpt2', 'main'],
    ['org/name@refs/pr/3', hub, 'org/name', 'refs/pr/3'],
    ['https://huggingface.co/org/name', hub, 'org/name', 'main'],
    ['https://huggingface.co/org/name/', hub, 'org/name', 'main'],
    ['https://huggingface.co/gpt2', hub, 'gpt2', 'main'],
    ['https://huggingface.co/org/name/tree/dev', hub, 'org/name', 'dev'],
    ['https://huggingface.co/org/name/blob/dev/onnx/model.onnx', hub, 'org/name', 'dev'],
    [
      'https://huggingface.co/org/name/resolve/refs%2Fpr%2F3/config.json',
      hub,
      'org/name',
      'refs/pr/3',
    ],
    ['https://mirror.example/hf/org/name@v2', 'https://mirror.example/hf', 'org/name', 'v2'],
    ['http://127.0.0.1:8080/org/name', 'http://127.0.0.1:8080', 'org/name', 'main'],
    ['http://localhost:8080/name?x#y', 'http://localhost:8080', 'name', 'main'],
  ])('%s', (typed, base, repo, revision) => {
    expect(parseHubAddress(typed)).toEqual({ base, repo, revision });
  });

  it('names without a server are looked for at the base that was set', () => {
    const base = 'https://mirror.example/hf';
    expect(parseHubAddress('org/name', `${base}/`)).toEqual({
      base,
      repo: 'org/name',
      revision: 'main',
    });
    expect(parseHubAddress(`${base}/gpt2`, base)).toEqual({ base, repo: 'gpt2', revision: 'main' });
  });

  it.each([
    ['', 'Nothing'],
    ['http://example.org/org/name', 'without encryption'],
    ['ftp://example.org/a/b', 'no address of a web server'],
    ['https://user:secret@example.org/a/b', 'a name or a password'],
    ['https://huggingface.co/', 'no name of a model'],
    ['a/b/c', 'no name of a model'],
    ['../..', 'no name of a model'],
    ['org/na me', 'no name of a model'],
    ['org/name@a@b', 'more than one @'],
    ['org/name@../../x', 'no name of a revision'],
    [`${'x'.repeat(501)}`, 'characters'],
  ])('%s is refused', (typed, why) => {
    expect(() => parseHubAddress(typed)).toThrow(why);
    expect(() => parseHubAddress(typed)).toThrow(UserError);
  });

  it('is shown as it can be typed again', () => {
    const name = fc.stringMatching(/^[a-z][\w-]{0,8}$/);
    fc.assert(
      fc.property(name, name, name, fc.boolean(), (org, model, revision, elsewhere) => {
        const base = elsewhere ? 'https://mirror.example/hf' : hub;
        const address = { base, repo: `${org}/${model}`, revision };
        expect(parseHubAddress(showHubAddress(address))).toEqual(address);
      }),
    );
  });

  it('whatever is typed: an address below what was typed, or a sentence', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: 'grapheme' }), (typed) => {
        try {
          const address = parseHubAddress(typed);
          for (const url of [hubListUrl(address), hubFileUrl(address, '../../etc')]) {
            expect(new URL(url).href.startsWith(`${address.base}/`)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });

  it('files and lists lie where the hub has them', () => {
    const address = parseHubAddress('org/name@refs/pr/3');
    expect(hubFileUrl(address, 'onnx/model.onnx')).toBe(
      `${hub}/org/name/resolve/refs%2Fpr%2F3/onnx/model.onnx`,
    );
    expect(hubListUrl(address)).toBe(
      `${hub}/api/models/org/name/tree/refs%2Fpr%2F3?recursive=true`,
    );
  });
});
