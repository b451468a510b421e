// A number as text while it is typed, as a setting once it is one. What is not allowed is marked and changes
// nothing; leaving the field puts the setting's value back.

import { type InputHTMLAttributes, useState } from 'react';

interface Props
  extends Pick<InputHTMLAttributes<HTMLInputElement>, 'id' | 'aria-label' | 'className'> {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onNumber: (value: number) => void;
}

export function NumberField({ value, min, max, step, onNumber, ...rest }: Props) {
  const [typed, setTyped] = useState<string>();
  const allowed = (text: string): boolean => {
    const number = Number(text);
    const whole = Number.isInteger(step) ? Number.isInteger(number) : Number.isFinite(number);
    return text.trim() !== '' && whole && number >= min && number <= max;
  };
  const invalid = typed !== undefined && !allowed(typed);
  return (
    <input
      {...rest}
      type="number"
      inputMode={Number.isInteger(step) ? 'numeric' : 'decimal'}
      min={min}
      max={max}
      step={step}
      value={typed ?? value}
      aria-invalid={invalid}
      title={`${min} to ${max}`}
      onChange={({ target }) => {
        setTyped(target.value);
        if (allowed(target.value)) onNumber(Number(target.value));
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}
