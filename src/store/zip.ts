// A checkpoint folder as one file to download.

import { downloadZip } from 'client-zip';

/** @param name of the folder within */
export function zipOf(
  name: string,
  files: ReadonlyMap<string, Blob | Uint8Array<ArrayBuffer>>,
): Promise<Blob> {
  const entries = [...files].map(([path, contents]) => ({
    name: `${name}/${path}`,
    input: contents instanceof Blob ? contents.stream() : contents,
    ...(contents instanceof Blob && { size: contents.size }),
  }));
  return downloadZip(entries).blob();
}
