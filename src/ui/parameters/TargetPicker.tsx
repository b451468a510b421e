// What is turned: a kind of group, and which one of them.

import { useId } from 'react';
import type { Target } from '../../core/dials.ts';
import { quantity } from '../../state/format.ts';
import { shapeOf } from '../../state/parameters/sentences.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { NumberField } from '../parts/NumberField.tsx';
import { partOf, TensorPicker } from './TensorPicker.tsx';
import { useDials } from './useBench.ts';

const KINDS: readonly { readonly kind: Target['kind']; readonly title: string }[] = [
  { kind: 'weight', title: 'One weight' },
  { kind: 'row', title: 'A row' },
  { kind: 'column', title: 'A column' },
  { kind: 'head', title: 'A head' },
  { kind: 'neuron', title: 'A neuron' },
  { kind: 'tensor', title: 'A tensor' },
  { kind: 'layer', title: 'A layer' },
];

interface PickerProps {
  readonly model: Opened;
  readonly target: Target;
  readonly onTarget: (target: Target) => void;
}

export function TargetPicker({ model, target, onTarget }: PickerProps) {
  const id = useId();
  const { tensor } = useDials();
  const { anatomy, neurons } = model;
  const name = 'tensor' in target ? target.tensor : partOf(model, tensor).name;
  const part = partOf(model, name);
  const { rows, columns } = shapeOf(part);
  const layer = 'layer' in target ? target.layer : (part.layer ?? 0);
  const index = 'index' in target ? target.index : 0;
  function ofKind(kind: Target['kind']): Target {
    if (kind === 'layer') return { kind, layer };
    if (kind === 'head' || kind === 'neuron') return { kind, layer, index: 0 };
    return kind === 'tensor' ? { kind, tensor: name } : { kind, tensor: name, index: 0 };
  }
  const whole = (label: string, value: number, count: number, onNumber: (n: number) => void) => (
    <div className="inline">
      <label htmlFor={`${id}-${label}`}>{label}</label>
      <NumberField
        id={`${id}-${label}`}
        value={value}
        min={0}
        max={Math.max(0, count - 1)}
        step={1}
        onNumber={onNumber}
      />
      <span className="fine num">0 to {quantity(Math.max(0, count - 1))}</span>
    </div>
  );
  return (
    <div className="target">
      <label className="inline" htmlFor={`${id}-kind`}>
        What is turned
        <select
          id={`${id}-kind`}
          value={target.kind}
          onChange={({ target: { value } }) => onTarget(ofKind(value as Target['kind']))}
        >
          {KINDS.map(({ kind, title }) => (
            <option key={kind} value={kind}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {'tensor' in target && (
        <label className="inline" htmlFor={`${id}-tensor`}>
          of
          <TensorPicker
            id={`${id}-tensor`}
            model={model}
            value={name}
            onTensor={(tensor) => onTarget({ ...target, tensor })}
          />
        </label>
      )}
      {'layer' in target &&
        whole('Layer', target.layer, anatomy.layers, (layer) => onTarget({ ...target, layer }))}
      {target.kind === 'head' &&
        whole('Head', index, anatomy.heads?.query ?? 1, (index) => onTarget({ ...target, index }))}
      {target.kind === 'neuron' &&
        whole('Neuron', index, neurons[layer] ?? 1, (index) => onTarget({ ...target, index }))}
      {target.kind === 'row' &&
        whole('Row', index, rows, (index) => onTarget({ ...target, index }))}
      {target.kind === 'column' &&
        whole('Column', index, columns, (index) => onTarget({ ...target, index }))}
      {target.kind === 'weight' && (
        <>
          {whole('Row', Math.floor(index / columns), rows, (row) =>
            onTarget({ ...target, index: row * columns + (index % columns) }),
          )}
          {whole('Column', index % columns, columns, (column) =>
            onTarget({ ...target, index: index - (index % columns) + column }),
          )}
        </>
      )}
    </div>
  );
}
