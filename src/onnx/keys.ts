// What makes two constants or two nodes equal, as text, so that the builder can merge them.

import { show } from './dim.ts';
import type { Node, ValueInfo } from './graph.ts';
import { isFloat, numbersOf, sizeOf, type Tensor } from './tensor.ts';

export function constantKey({ dtype, shape, contents }: ValueInfo): string {
  return `${dtype} [${shape.map(show)}] ${contents?.map((dim) => (Object.is(dim, -0) ? '-0' : show(dim)))}`;
}

/** Contents are followed for integers of rank 0 and 1 and for single floats; the rest is data. */
export function contentsOfTensor(tensor: Tensor): readonly number[] | undefined {
  const size = sizeOf(tensor.dims);
  const small = isFloat(tensor.dtype) ? size === 1 : size <= 64 && tensor.dims.length <= 1;
  return small ? numbersOf(tensor) : undefined;
}

export function nodeKey({ op, inputs, outputs, attributes }: Node): string {
  const attributeText = Object.entries(attributes)
    .map(([name, { type, value }]) =>
      type === 'tensor'
        ? `${name}=${value.dtype}:${value.dims}:${value.bytes}`
        : `${name}=${JSON.stringify(value)}`,
    )
    .sort();
  return `${op}(${inputs})x${outputs.length}{${attributeText}}`;
}
