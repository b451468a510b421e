// A chart is some hundreds of pixels wide: of many points, the ones worth a pixel.

/** Most points that a live chart draws. */
export const DRAWN = 300;

/**
 * At most `limit` of the points, in their order: one of each of `limit` equal stretches, the one that
 * matters most. The first and the last always stay.
 */
export function thin<T>(
  points: readonly T[],
  weight: (point: T) => number = () => 0,
  limit = DRAWN,
): readonly T[] {
  if (points.length <= limit) return points;
  const first = points[0] as T;
  const last = points.at(-1) as T;
  const between = points.slice(1, -1);
  const kept = [first];
  for (let bucket = 0; bucket < limit - 2; bucket++) {
    const from = Math.floor((bucket * between.length) / (limit - 2));
    const to = Math.floor(((bucket + 1) * between.length) / (limit - 2));
    let best = between[from] as T;
    for (const point of between.slice(from, to)) if (weight(point) > weight(best)) best = point;
    kept.push(best);
  }
  kept.push(last);
  return kept;
}
