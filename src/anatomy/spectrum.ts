// Singular values of a matrix, largest first, by ml-matrix (Golub and Reinsch's algorithm without vectors).

import { Matrix, SVD } from 'ml-matrix';
import { UserError } from '../core/errors.ts';

/** Largest side: the work grows with its cube. */
export const LARGEST_SIDE = 1024;

/** @throws UserError 'experiment' for what is no matrix, or too large a one */
export function checkSpectrum(rows: number, columns: number): void {
  if (rows < 2 || columns < 2) {
    throw new UserError(
      'experiment',
      'A vector has no singular values beyond its norm.',
      'Choose a matrix, such as an embedding or a projection.',
    );
  }
  if (Math.max(rows, columns) <= LARGEST_SIDE) return;
  throw new UserError(
    'experiment',
    `Singular values are computed for matrices of up to ${LARGEST_SIDE} by ${LARGEST_SIDE}; this one has ${rows} by ${columns}.`,
    'Choose a smaller matrix: the work grows with the cube of the side.',
  );
}

/** min(rows, columns) values. */
export function spectrumOf(values: Float32Array, rows: number, columns: number): number[] {
  checkSpectrum(rows, columns);
  const matrix = Matrix.from1DArray(rows, columns, values);
  const svd = new SVD(matrix, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
    autoTranspose: true,
  });
  return svd.diagonal.slice(0, Math.min(rows, columns)).sort((a, b) => b - a);
}
