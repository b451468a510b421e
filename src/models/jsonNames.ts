// JSON with a million names takes half a second to parse and a lot of memory, only to be refused then. So names are
// counted first, without parsing.

/** The largest tokenizers have about 300,000 tokens. */
export const MOST_NAMES = 2 ** 19 + 2 ** 16;

const [COLON, QUOTE, BACKSLASH] = [0x3a, 0x22, 0x5c];

/**
 * Has a JSON text more than MOST_NAMES names? Every `":` counts whose quotation mark is not escaped: within a string there
 * is no other, and writers put nothing between a name and its colon.
 */
export function hasTooManyNames(bytes: Uint8Array): boolean {
  if (bytes.length < 4 * MOST_NAMES) return false;
  let names = 0;
  for (let at = bytes.indexOf(COLON); at >= 0; at = bytes.indexOf(COLON, at + 1)) {
    if (bytes[at - 1] !== QUOTE || bytes[at - 2] === BACKSLASH) continue;
    if (++names > MOST_NAMES) return true;
  }
  return false;
}
