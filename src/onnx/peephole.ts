// What a node is when it need not be there: copies, reshapes of reshapes, powers that are products. Applied to
// every node as it is added, which keeps forward and backward graphs small without passes of their own.

import type { GraphBuilder } from './builder.ts';
import { type Dim, same, sameShape } from './dim.ts';
import { type Attributes, int, intOf, ints, type Node, nodeLabel } from './graph.ts';
import { inferNode } from './infer.ts';
import { axisOf } from './inference.ts';
import { sliceRanges } from './inferLayout.ts';
import { domainOf, type Operator } from './operators.ts';
import { isFloat } from './tensor.ts';

interface Draft {
  readonly builder: GraphBuilder;
  readonly node: Node & { readonly op: Operator };
  /** First input. */
  readonly x: string;
}

type Peephole = (draft: Draft) => string | undefined;

function outputShape({ builder, node }: Draft): readonly Dim[] {
  const infos = node.inputs.map((name) => (name === '' ? undefined : builder.info(name)));
  return inferNode(node, infos, () => {})[0]!.shape;
}

const sameAsInput: Peephole = (draft) =>
  sameShape(outputShape(draft), draft.builder.shape(draft.x)) ? draft.x : undefined;

const reshape: Peephole = (draft) => {
  const { builder, x } = draft;
  const target = outputShape(draft);
  if (sameShape(target, builder.shape(x))) return x;
  const before = builder.producer(x);
  return before?.op === 'Reshape' ? builder.reshape(before.inputs[0]!, target) : undefined;
};

/** (A' B')^T = B'^T A'^T: the gradient of a tied head has the embedding's layout without a copy. */
function swappedGemm(builder: GraphBuilder, node: Node): string {
  return builder.add('Gemm', node.inputs.toReversed(), {
    ...node.attributes,
    transA: int(1 - intOf(node, 'transB', 0)),
    transB: int(1 - intOf(node, 'transA', 0)),
  });
}

const transpose: Peephole = ({ builder, node, x }) => {
  const rank = builder.shape(x).length;
  const given = node.attributes.perm;
  const perm =
    given?.type === 'ints' ? given.value : Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (perm.every((axis, i) => axis === i)) return x;
  const before = builder.producer(x);
  if (before?.op === 'Gemm' && before.inputs.length === 2) return swappedGemm(builder, before);
  const first = before?.attributes.perm;
  if (before?.op !== 'Transpose' || first?.type !== 'ints') return undefined;
  return builder.add('Transpose', [before.inputs[0]!], {
    perm: ints(perm.map((axis) => first.value[axis]!)),
  });
};

/** x^1, x^2, x^3, x^0.5, x^-1 without Pow, which is slow and inexact for them. */
const pow: Peephole = ({ builder, node, x }) => {
  const exponent = builder.info(node.inputs[1]!);
  if (exponent.contents?.length !== 1 || exponent.shape.length > 0) return undefined;
  if (!isFloat(builder.info(x).dtype)) return undefined;
  switch (exponent.contents[0]) {
    case 1:
      return x;
    case 2:
      return builder.add('Mul', [x, x]);
    case 3:
      return builder.add('Mul', [builder.add('Mul', [x, x]), x]);
    case 0.5:
      return builder.add('Sqrt', [x]);
    case -1:
      return builder.add('Reciprocal', [x]);
    default:
      return undefined;
  }
};

/** x op neutral = x, if broadcasting does not change the shape; the neutral element stands right. */
function neutral(element: number): Peephole {
  return (draft) => {
    const { builder, node, x } = draft;
    const contents = builder.info(node.inputs[1]!).contents;
    if (builder.info(x).contents !== undefined || !contents?.length) return undefined;
    return contents.every((value) => value === element) ? sameAsInput(draft) : undefined;
  };
}

const concat: Peephole = ({ builder, node, x }) => {
  const axis = axisOf(axisAttribute(node), builder.shape(x).length);
  const parts = node.inputs.filter((name) => builder.shape(name)[axis] !== 0);
  if (parts.length === 1) return parts[0];
  if (parts.length === node.inputs.length || parts.length === 0) return undefined;
  return builder.add('Concat', parts, node.attributes);
};

function axisAttribute(node: Node): number {
  const axis = node.attributes.axis;
  if (axis?.type !== 'int') throw new Error(`${nodeLabel(node)} has no axis`);
  return axis.value;
}

const slice: Peephole = ({ builder, node, x }) => {
  const infos = node.inputs.map((name) => (name === '' ? undefined : builder.info(name)));
  const ranges = sliceRanges({ node, inputs: infos, warn: () => {} });
  const shape = builder.shape(x);
  const whole = [...ranges].every(
    ([axis, [start, end, step]]) => start === 0 && step === 1 && same(end, shape[axis]!),
  );
  return whole ? x : undefined;
};

const cast: Peephole = ({ builder, node, x }) => {
  const to = node.attributes.to;
  return to?.type === 'int' && to.value === builder.info(x).dtype ? x : undefined;
};

const peepholes: Partial<Record<Operator, Peephole>> = {
  Add: neutral(0),
  Cast: cast,
  Concat: concat,
  Div: neutral(1),
  Expand: sameAsInput,
  Flatten: (draft) => draft.builder.reshape(draft.x, outputShape(draft)),
  Identity: ({ x }) => x,
  Mul: neutral(1),
  Pow: pow,
  Reshape: reshape,
  Slice: slice,
  Sub: neutral(0),
  Tile: sameAsInput,
  Transpose: transpose,
};

/** A value that equals what the node would compute, or undefined if the node is needed. */
export function simplify(
  builder: GraphBuilder,
  op: Operator,
  inputs: readonly string[],
  attributes: Attributes,
): string | undefined {
  const peephole = peepholes[op];
  const x = inputs[0];
  if (peephole === undefined || x === undefined) return undefined;
  // What has contents is folded by the builder itself.
  if (builder.info(x).contents !== undefined && op !== 'Identity') return undefined;
  const name = builder.label ?? op;
  const node = { name, op, domain: domainOf(op), inputs, outputs: [op], attributes };
  return peephole({ builder, node, x });
}
