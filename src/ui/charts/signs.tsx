// The signs that points carry beside their colour, in charts and in their legends.

import type { Look } from '../../state/contenders.ts';

export type Sign =
  | 'small'
  | 'large'
  | 'fused'
  | 'expert'
  | 'handedOver'
  | 'cut'
  | 'fell'
  | 'pending'
  | 'edge'
  | 'ratio'
  | 'setting'
  | 'best';

export function SignAt({ sign, cx, cy }: { sign: Sign; cx: number; cy: number }) {
  switch (sign) {
    case 'small':
      return <circle cx={cx} cy={cy} r={2.8} className="sign-small" />;
    case 'large':
      return <rect x={cx - 2.6} y={cy - 2.6} width={5.2} height={5.2} className="sign-large" />;
    case 'fused':
      return <circle cx={cx} cy={cy} r={2.6} className="sign-fused" />;
    case 'expert':
      return <path d={`M${cx} ${cy - 3.6}l3.6 3.6-3.6 3.6-3.6-3.6z`} className="sign-expert" />;
    case 'edge':
      return <path d={`M${cx - 2.8} ${cy + 2.2}h5.6l-2.8-5z`} className="sign-edge" />;
    case 'ratio':
      return <path d={`M${cx - 4} ${cy}h8`} className="sign-ratio" />;
    case 'handedOver':
      return <path d={`M${cx - 4} ${cy - 3.4}h8l-4 7z`} className="sign-handed" />;
    case 'pending':
      return <circle cx={cx} cy={cy} r={2.8} className="sign-pending" />;
    case 'cut':
      return <path d={`M${cx - 4} ${cy - 4}l8 8m0-8l-8 8`} className="sign-cut" />;
    case 'setting':
      return <circle cx={cx} cy={cy} r={4} className="sign-setting" />;
    case 'best':
      return <circle cx={cx} cy={cy} r={4} className="sign-best" />;
    case 'fell':
      return <path d={`M${cx - 2.5} ${cy - 2.5}l5 5m0-5l-5 5`} className="sign-fell" />;
    default:
      return sign satisfies never;
  }
}

/** For recharts: draws each point with its own sign. */
export function signed<T>(signOf: (point: T) => Sign) {
  return ({
    cx,
    cy,
    payload,
  }: {
    cx?: number | undefined;
    cy?: number | undefined;
    payload?: T;
  }) =>
    cx === undefined || cy === undefined || payload === undefined ? null : (
      <SignAt sign={signOf(payload)} cx={cx} cy={cy} />
    );
}

export function SignEntry({ sign, children }: { sign: Sign; children: string }) {
  return (
    <li>
      <svg width="12" height="12" aria-hidden="true">
        <SignAt sign={sign} cx={6} cy={6} />
      </svg>
      {children}
    </li>
  );
}

export type Stroke =
  | Look
  | 'method'
  | 'threshold'
  | 'baseline'
  | 'fused'
  | 'expert'
  | 'expert2'
  | 'expert3';

export function StrokeEntry({ stroke, children }: { stroke: Stroke; children: string }) {
  return (
    <li>
      <svg width="22" height="12" aria-hidden="true">
        <line x1="0" x2="22" y1="6" y2="6" {...STROKES[stroke]} />
      </svg>
      {children}
    </li>
  );
}

/** Colour, dash and width of each kind of line. */
export const STROKES = {
  small: { stroke: 'var(--small-line)', strokeWidth: 2, strokeDasharray: '2 2' },
  large: { stroke: 'var(--large-line)', strokeWidth: 2, strokeDasharray: '8 3' },
  method: { stroke: 'var(--ink)', strokeWidth: 2, strokeDasharray: '' },
  c1: { stroke: 'var(--c1-line)', strokeWidth: 2, strokeDasharray: '' },
  c2: { stroke: 'var(--c2-line)', strokeWidth: 2, strokeDasharray: '12 3 2 3' },
  c3: { stroke: 'var(--c3-line)', strokeWidth: 2, strokeDasharray: '5 2' },
  c4: { stroke: 'var(--c4-line)', strokeWidth: 2, strokeDasharray: '10 2 2 2 2 2' },
  c5: { stroke: 'var(--c5-line)', strokeWidth: 2, strokeDasharray: '3 3' },
  c6: { stroke: 'var(--c6-line)', strokeWidth: 2, strokeDasharray: '16 4' },
  threshold: { stroke: 'var(--ink)', strokeWidth: 1, strokeDasharray: '4 3' },
  fused: { stroke: 'var(--fused-line)', strokeWidth: 2, strokeDasharray: '' },
  expert: { stroke: 'var(--expert-line)', strokeWidth: 2, strokeDasharray: '6 2' },
  expert2: { stroke: 'var(--expert-line)', strokeWidth: 2, strokeDasharray: '1.5 2.5' },
  expert3: { stroke: 'var(--expert-line)', strokeWidth: 2, strokeDasharray: '8 2 1.5 2' },
  baseline: { stroke: 'var(--muted)', strokeWidth: 1.5, strokeDasharray: '1 3' },
} as const satisfies Record<Stroke, object>;
