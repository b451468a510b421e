// A checkpoint folder as one file to download.

import { downloadZip } from 'client-zip';

/** @param name of the folder within */
export function zipOf(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<Blob> {
  const entries = [...files].map(([path, bytes]) => ({
    name: `${name}/${path}`,
    input: new Uint8Array(bytes),
  }));
  return downloadZip(entries).blob();
}
