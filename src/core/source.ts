// Where a method comes from, as people and as BibTeX cite it.

export interface Source {
  /** "Kim et al., Title, Venue Year" */
  readonly citation: string;
  /** Of the paper. */
  readonly url: string;
  /** An entry, where all its authors are known. */
  readonly bibtex?: string;
}

export interface Paper {
  /** Family names of all, in the paper's order. */
  readonly authors: readonly [string, ...string[]];
  readonly title: string;
  /** Where it was presented: `NeurIPS`. */
  readonly venue: string;
  readonly year: number;
  /** Its number there: `2302.07863`. */
  readonly arxiv: string;
}

export function paper({ authors, title, venue, year, arxiv }: Paper): Source {
  const [first] = authors;
  const url = `https://arxiv.org/abs/${arxiv}`;
  const word = /[a-z]{3,}/i.exec(title)?.[0] ?? '';
  const fields = {
    // Twice in braces: capitals stay.
    title: `{${title}}`,
    author: authors.join(' and '),
    booktitle: venue,
    year: String(year),
    eprint: arxiv,
    archivePrefix: 'arXiv',
    url,
  };
  return {
    citation: `${first} et al., ${title}, ${venue} ${year}`,
    url,
    bibtex: [
      `@inproceedings{${`${first}${year}${word}`.toLowerCase()},`,
      ...Object.entries(fields).map(([name, value]) => `  ${name} = {${value}},`),
      '}',
    ].join('\n'),
  };
}
