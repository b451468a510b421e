// What one number of a tensor does, in a sentence; and what may be turned from there. Layers, heads, neurons and
// features count from 0.

import type { Target } from '../../core/dials.ts';
import { quote } from '../format.ts';
import type { Opened, Part } from './types.ts';

/** Where an element is: its row and column, and which output and which input of the projection that is. */
export interface Place {
  readonly row: number;
  readonly column: number;
  readonly output: number;
  readonly input: number;
}

export const shapeOf = ({ dims }: Pick<Part, 'dims'>) => {
  const columns = dims.at(-1) ?? 1;
  return { rows: dims.reduce((product, n) => product * n, 1) / columns, columns };
};

export function placeOf(part: Part, index: number): Place {
  const { columns, rows } = shapeOf(part);
  const row = Math.floor(index / columns);
  const column = index % columns;
  const turned = part.outputs === 'rows' && rows > 1;
  return { row, column, output: turned ? row : column, input: turned ? column : row };
}

const PROJECTIONS = ['query', 'key', 'value'] as const;

/** Of a projection into heads: which of the three, which head, and which element of it. */
function headOf({ anatomy }: Opened, { purpose }: Part, output: number) {
  const { heads } = anatomy;
  if (!heads) return undefined;
  const { query, keyValue, size } = heads;
  if (purpose === 'query' || purpose === 'key' || purpose === 'value') {
    return { of: purpose, head: Math.floor(output / size), element: output % size };
  }
  const [q, k] = [query * size, keyValue * size];
  const which = output < q ? 0 : output < q + k ? 1 : 2;
  const at = output - [0, q, q + k][which]!;
  return { of: PROJECTIONS[which]!, head: Math.floor(at / size), element: at % size };
}

/** "what it does" of one element, beginning with a small letter. */
export function roleOf(model: Opened, part: Part, index: number): string {
  const { row, output, input } = placeOf(part, index);
  const { purpose, kind, before, layer } = part;
  const here = layer === undefined ? '' : ` in layer ${layer}`;
  const bias = kind === 'bias';
  switch (purpose) {
    case 'tokenEmbedding':
      return `token ${tokenName(model, row)}: how much of feature ${input === row ? output : input} it brings into the model`;
    case 'positionEmbedding':
      return `position ${row}: what standing there adds to feature ${input === row ? output : input}`;
    case 'norm': {
      const where =
        before === 'head'
          ? ' before the head'
          : before === 'mlp'
            ? ` before the MLP${here}`
            : ` before attention${here}`;
      return bias
        ? `feature ${output}: what is added to it${where}`
        : `feature ${output}: how much of it is let through${where}`;
    }
    case 'query':
    case 'key':
    case 'value':
    case 'queryKeyValue': {
      const found = headOf(model, part, output);
      const name = found
        ? `element ${found.element} of the ${found.of} of head ${found.head}${here}`
        : `output ${output} of the ${purpose}${here}`;
      return bias
        ? `${name}: what is added to it, whatever it reads`
        : `${name}: how much it listens to feature ${input}`;
    }
    case 'attentionOutput': {
      if (bias) return `feature ${output}: what attention${here} always adds to it`;
      const size = model.anatomy.heads?.size;
      const from = size
        ? `head ${Math.floor(input / size)}${here}, element ${input % size}`
        : `input ${input}${here}`;
      return `${from}: how much it writes into feature ${output}`;
    }
    case 'gate':
    case 'up': {
      const name = purpose === 'gate' ? `the gate of neuron ${output}` : `neuron ${output}`;
      return bias
        ? `${name}${here}: how easily it fires, whatever it hears`
        : `${name}${here}: how much it listens to feature ${input}`;
    }
    case 'down':
      return bias
        ? `feature ${output}: what the MLP${here} always adds to it`
        : `neuron ${input}${here}: how much it writes into feature ${output}`;
    case 'head':
      return bias
        ? `token ${tokenName(model, output)}: how likely it is, whatever came before`
        : `token ${tokenName(model, output)}: how much feature ${input} speaks for it`;
    default:
      return `output ${output}, input ${input}`;
  }
}

const tokenName = ({ tokens }: Opened, id: number): string =>
  tokens[id] === undefined ? `${id}` : `${quote(tokens[id]!)} (${id})`;

/** Groups that an element belongs to and that can be turned as one, smallest first. */
export function targetsAt(model: Opened, part: Part, index: number): readonly Target[] {
  const { row, column, output, input } = placeOf(part, index);
  const { rows } = shapeOf(part);
  const { layer, purpose, name, kind } = part;
  const targets: Target[] = [{ kind: 'weight', tensor: name, index }];
  if (rows > 1) {
    targets.push({ kind: 'row', tensor: name, index: row });
    targets.push({ kind: 'column', tensor: name, index: column });
  }
  if (layer !== undefined) {
    const head =
      purpose === 'attentionOutput'
        ? kind === 'bias'
          ? undefined
          : Math.floor(input / (model.anatomy.heads?.size ?? Number.NaN))
        : part.block === 'attention' && purpose !== 'norm'
          ? headOf(model, part, output)?.head
          : undefined;
    const shared = model.anatomy.heads?.query !== model.anatomy.heads?.keyValue;
    const own = !(shared && (purpose === 'key' || purpose === 'value'));
    if (head !== undefined && Number.isInteger(head) && own) {
      targets.push({ kind: 'head', layer, index: head });
    }
    const neurons = model.neurons[layer] ?? 0;
    if (purpose === 'up' || purpose === 'gate') {
      targets.push({ kind: 'neuron', layer, index: output % (neurons || 1) });
    }
    if (purpose === 'down' && kind === 'weight')
      targets.push({ kind: 'neuron', layer, index: input });
  }
  targets.push({ kind: 'tensor', tensor: name });
  if (layer !== undefined) targets.push({ kind: 'layer', layer });
  return targets;
}

/** "head 3 of layer 1", "row 17 of wte.weight". */
export function targetName(target: Target): string {
  switch (target.kind) {
    case 'layer':
      return `layer ${target.layer}`;
    case 'head':
    case 'neuron':
      return `${target.kind} ${target.index} of layer ${target.layer}`;
    case 'tensor':
      return target.tensor;
    default:
      return `${target.kind} ${target.index} of ${target.tensor}`;
  }
}

/** A divergence: "0.0042 nats". */
export const nats = (x: number): string =>
  `${x === 0 ? '0' : x < 1e-3 ? x.toExponential(1) : x.toFixed(x < 0.1 ? 4 : 2)} nats`;

/** Numbers for people: four significant digits, and small ones in powers of ten. */
export function figure(x: number): string {
  if (x === 0) return '0';
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  const text =
    size >= 1e6 || size < 1e-4
      ? x.toExponential(2).replace('+', '')
      : Number(x.toPrecision(4)).toString();
  return text.replace(/^-/, '−');
}
