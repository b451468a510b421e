// Things that are not part of the page are named by content, so that a link means the same bytes everywhere:
// checkpoints of one's own (`local:<sha256>:<name>`), dropped data files (`file:<sha256>:<name>`) and kept runs
// (`run:<sha256>:<name>`). The name is for people and may differ; the hash decides.

/** Longest name, in characters. */
const LONGEST = 80;

export interface ContentName {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly name: string;
}

/**
 * `text` as a name that can stand in a link, in a list and as a folder: one line without slashes, control or
 * direction-changing characters, at most 80 characters, never empty.
 */
export function cleanName(text: string): string {
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
    // What stood between two spaces may be gone.
    .replace(/ +/g, ' ')
    .replace(/[/\\:]/g, '-')
    .normalize('NFC')
    .replace(/^[. ]+/, '');
  const short = [...plain].slice(0, LONGEST).join('').trimEnd();
  return short === '' ? 'untitled' : short;
}

const idOf = (kind: string, { sha256, name }: ContentName) => `${kind}:${sha256}:${name}`;

function parse(kind: string, id: string): ContentName | undefined {
  const [, found, sha256 = '', name = ''] = /^(\w+):([0-9a-f]{64}):(.+)$/su.exec(id) ?? [];
  return found === kind && cleanName(name) === name ? { sha256, name } : undefined;
}

export const localId = (content: ContentName): string => idOf('local', content);
export const fileId = (content: ContentName): string => idOf('file', content);
export const runId = (content: ContentName): string => idOf('run', content);
/** Undefined when `id` names no checkpoint of one's own. */
export const parseLocalId = (id: string): ContentName | undefined => parse('local', id);
/** Undefined when `id` names no data file. */
export const parseFileId = (id: string): ContentName | undefined => parse('file', id);
/** Undefined when `id` names no kept run. */
export const parseRunId = (id: string): ContentName | undefined => parse('run', id);

/** Do both name the same bytes? A renamed checkpoint is still the one that a link means. */
export function sameContent(a: string, b: string): boolean {
  const [one, other] = [a, b].map((id) => parseLocalId(id) ?? parseFileId(id) ?? parseRunId(id));
  return one && other ? one.sha256 === other.sha256 : a === b;
}
