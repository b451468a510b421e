import { expect, test } from 'vitest';
import { methods } from '../experiment/catalogue.ts';
import { paper } from './source.ts';

test('a paper is cited in one line and as BibTeX', () => {
  const { citation, url, bibtex } = paper({
    authors: ['Kim', 'Keutzer'],
    title: 'Speculative Decoding with Big Little Decoder',
    venue: 'NeurIPS',
    year: 2023,
    arxiv: '2302.07863',
  });
  expect(citation).toBe('Kim et al., Speculative Decoding with Big Little Decoder, NeurIPS 2023');
  expect(url).toBe('https://arxiv.org/abs/2302.07863');
  expect(bibtex).toContain('@inproceedings{kim2023speculative,');
  expect(bibtex).toContain('author = {Kim and Keutzer},');
});

test('no two papers share a BibTeX key', () => {
  const entries = Object.values(methods).flatMap(({ source }) => source?.bibtex ?? []);
  const keys = new Set([...new Set(entries)].map((entry) => entry.split('\n')[0]));
  expect(keys.size).toBe(new Set(entries).size);
});
