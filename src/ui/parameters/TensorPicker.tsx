// Any tensor of the model, by layer.

import { quantity } from '../../state/format.ts';
import type { Opened, Part } from '../../state/parameters/types.ts';

interface Props {
  readonly id: string;
  readonly model: Opened;
  readonly value: string;
  readonly onTensor: (name: string) => void;
}

export function TensorPicker({ id, model, value, onTensor }: Props) {
  const groups = new Map<string, Part[]>();
  for (const part of model.anatomy.parts) {
    const group = part.layer === undefined ? 'Outside the layers' : `Layer ${part.layer}`;
    groups.set(group, [...(groups.get(group) ?? []), part]);
  }
  return (
    <select id={id} value={value} onChange={({ target }) => onTensor(target.value)}>
      {[...groups].map(([group, parts]) => (
        <optgroup key={group} label={group}>
          {parts.map((part) => (
            <option key={part.name} value={part.name}>
              {partTitle(model, part)} ({part.dims.map(quantity).join(' × ')})
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}

/** As the tree calls it. */
export function partTitle(model: Opened, { name }: Part): string {
  const queue = [model.tree];
  for (let one = queue.shift(); one; one = queue.shift()) {
    if (one.tensor === name) return one.title;
    queue.push(...one.children);
  }
  return name;
}

/** The chosen tensor, or the first. */
export const partOf = (model: Opened, name: string): Part =>
  model.anatomy.parts.find((part) => part.name === name) ?? model.anatomy.parts[0]!;
