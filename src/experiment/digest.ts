// A digest of a generation, small enough for a link: whoever reruns the experiment sees "same tokens", or
// at which token it first differs. One character per token: the low six bits of a running hash, so the
// first differing character is the first differing token (missed with probability 1/64 there, and 1/64
// again at each token after it).

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Tokens covered; beyond, only the count before the cut is compared. */
const LONGEST = 512;

/** A digest of token ids, at most 512 characters. */
export function digestOf(tokens: readonly number[]): string {
  let hash = 0x811c9dc5;
  let text = '';
  for (const token of tokens.slice(0, LONGEST)) {
    hash = Math.imul(hash ^ (token + 1), 0x01000193) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    text += ALPHABET[(hash >>> 20) & 63];
  }
  return text;
}

export type DigestVerdict =
  | { readonly same: true }
  /** Zero-based index of the first token that differs or is missing. */
  | { readonly same: false; readonly at: number };

export function compareDigest(digest: string, tokens: readonly number[]): DigestVerdict {
  const own = digestOf(tokens);
  if (own === digest) return { same: true };
  let at = 0;
  while (at < own.length && at < digest.length && own[at] === digest[at]) at++;
  return { same: false, at };
}

/** Is this text a digest at all? */
export const isDigest = (text: string): boolean => /^[\w-]{1,512}$/.test(text);
