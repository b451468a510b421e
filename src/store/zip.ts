// A folder as one file, for the download.

import { downloadZip } from 'client-zip';

/** @param files by path; they come to lie in a folder named `folder` */
export async function zipOf(
  folder: string,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  modified: Date,
): Promise<Blob> {
  const entries = [...files].map(([path, input]) => ({
    name: `${folder}/${path}`,
    input,
    lastModified: modified,
  }));
  // Weights do not shrink, so nothing is compressed.
  return downloadZip(entries).blob();
}
