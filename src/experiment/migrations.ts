// Links live for ever; settings change. Each version's pairs are brought to the next one's here, and a
// fixture of every version stays in link.test.ts.

/** Version that encode writes. */
export const VERSION = 2;

/** migrations[n] turns the pairs of version n into those of n + 1, in place. */
const migrations: Readonly<Record<number, (pairs: Map<string, string>) => void>> = {
  /** Before there were chat templates every prompt was plain text. */
  1: (pairs) => void (pairs.has('promptAs') || pairs.set('promptAs', 'text')),
};

/** Brings `pairs` up to VERSION; returns a sentence when the version cannot be trusted. */
export function migrate(
  pairs: Map<string, string>,
  version: string | undefined,
): string | undefined {
  if (version === undefined) return 'The link names no version; read as the current one.';
  const from = /^\d{1,6}$/.test(version) ? Number(version) : Number.NaN;
  if (!(from >= 1 && from <= VERSION)) {
    return `v=${version.slice(0, 20)}: expected a version from 1 to ${VERSION}; read as ${VERSION}.`;
  }
  for (let at = from; at < VERSION; at++) migrations[at]?.(pairs);
  return undefined;
}
