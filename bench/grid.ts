// The thresholds over which BiLD's frontier is measured.
export const FALLBACKS = [0.4, 0.6, 0.8, 0.9] as const;
export const ROLLBACKS = [1, 2, 4] as const;
