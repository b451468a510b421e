// Numbers as colours: blue below zero, orange above, the ground at zero, full colour at three standard deviations.

import { TILE } from '../../state/parameters/tiles.ts';

type Colour = readonly [number, number, number];
interface Scale {
  readonly below: Colour;
  readonly zero: Colour;
  readonly above: Colour;
}

const LIGHT: Scale = { below: [0, 90, 150], zero: [247, 247, 245], above: [200, 80, 0] };
const DARK: Scale = { below: [75, 175, 235], zero: [26, 29, 32], above: [250, 150, 80] };

export const isDark = (): boolean => {
  const { theme } = document.documentElement.dataset;
  return (
    theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  );
};

/** One pixel for each cell; NaN is see-through. @param full the value of full colour */
function paint(cells: Float32Array, side: number, full: number, dark: boolean): ImageData {
  const { below, zero, above } = dark ? DARK : LIGHT;
  const image = new ImageData(side, side);
  for (let i = 0; i < cells.length; i++) {
    const x = cells[i]!;
    if (Number.isNaN(x)) continue;
    // The square root shows what is small.
    const share = Math.sqrt(Math.min(1, Math.abs(x) / (full || 1)));
    const end = x < 0 ? below : above;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = zero[c]! + share * (end[c]! - zero[c]!);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** A tile to be drawn at any scale. */
export function paintTile(cells: Float32Array, full: number, dark: boolean): HTMLCanvasElement {
  const tile = document.createElement('canvas');
  tile.width = TILE;
  tile.height = TILE;
  tile.getContext('2d')?.putImageData(paint(cells, TILE, full, dark), 0, 0);
  return tile;
}
