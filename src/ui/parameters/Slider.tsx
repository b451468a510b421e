// A value between two ends, by slider or by number.

import { useId } from 'react';
import { NumberField } from '../parts/NumberField.tsx';

interface Props {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onValue: (value: number) => void;
  /** The hand lets go. */
  readonly onEnd?: () => void;
}

export function Slider({ label, value, min, max, step, onValue, onEnd }: Props) {
  const id = useId();
  const filled = `${(100 * (Math.min(max, Math.max(min, value)) - min)) / (max - min)}%`;
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        style={{ '--filled': filled } as React.CSSProperties}
        onChange={({ target }) => onValue(Number(target.value))}
        onPointerUp={onEnd}
        onKeyUp={onEnd}
      />
      <NumberField
        aria-label={`${label}, as a number`}
        value={Number(value.toPrecision(4))}
        min={min}
        max={max}
        step={step}
        onNumber={onValue}
      />
    </div>
  );
}
