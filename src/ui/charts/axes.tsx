// What all charts have in common: quiet axes, no animation, a plain box at the pointer.

import type { ReactNode } from 'react';

export const AXIS = {
  stroke: 'var(--edge)',
  tick: { fill: 'var(--muted)', fontSize: 11 },
  tickLine: false,
  tickMargin: 4,
} as const;

export const GRID = { stroke: 'var(--hairline)', vertical: false } as const;
export const MARGIN = { top: 8, right: 14, bottom: 16, left: 0 } as const;

export const labelBelow = (value: string) =>
  ({ value, position: 'insideBottom', offset: -12, className: 'axis-label' }) as const;

type Corner = 'insideTopRight' | 'insideBottomRight' | 'insideTopLeft' | 'insideBottomLeft';

export const labelInside = (value: string, position: Corner) =>
  ({ value, position, offset: 4, className: 'threshold-label' }) as const;

/** The box at the pointer. */
export function box<T>(show: (point: T) => ReactNode) {
  return ({
    active,
    payload,
  }: {
    active?: boolean;
    payload?: readonly { readonly payload?: unknown }[];
  }) => {
    const point = payload?.[0]?.payload;
    return active && point ? <div className="tip">{show(point as T)}</div> : null;
  };
}
