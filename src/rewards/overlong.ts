// A penalty for texts that nearly run out of room: Yu et al., "DAPO", 2025, arXiv 2503.14476, equation 13 ("soft overlong
// punishment").

/** The share of the room in which the penalty grows. */
const BUFFER = 0.25;

/** 0 while there is room, -1 when there is none left; in the last quarter on the way from one to the other. */
export function overlong(length: number, longest: number): number {
  const free = longest * (1 - BUFFER);
  return length <= free ? 0 : Math.max(-1, (free - length) / (longest - free));
}
