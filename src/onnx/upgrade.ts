// Brings nodes of operator sets 13 and later to the one form (set 18) that the rest of the engine knows: axes and
// split sizes as inputs, defaults written out.

import { UserError } from '../core/errors.ts';
import type { GraphBuilder } from './builder.ts';
import { type Attributes, int, intOf, intsOf, type Node, nodeLabel, textOf } from './graph.ts';
import { inferNode } from './infer.ts';
import type { Operator } from './operators.ts';

interface Upgraded {
  readonly op: Operator;
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
}

type Upgrade = (builder: GraphBuilder, node: Upgraded & Node) => Upgraded;

function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

const axesAsInput: Upgrade = (builder, node) => {
  const axes = intsOf(node, 'axes');
  const attributes = without(node.attributes, 'axes');
  return axes === undefined
    ? { ...node, attributes }
    : { ...node, attributes, inputs: [node.inputs[0]!, builder.ints(axes)] };
};

const axisWritten =
  (axis: number): Upgrade =>
  (_, node) => ({
    ...node,
    attributes: { ...node.attributes, axis: int(intOf(node, 'axis', axis)) },
  });

const splitSizes: Upgrade = (builder, node) => {
  const infos = node.inputs.map((name) => (name === '' ? undefined : builder.info(name)));
  const axis = intOf(node, 'axis', 0);
  const sizes = inferNode(node, infos, () => {}).map(({ shape }) => shape.at(axis)!);
  return {
    ...node,
    inputs: [node.inputs[0]!, builder.ints(sizes)],
    attributes: without(node.attributes, 'split', 'num_outputs'),
  };
};

const geluForm: Upgrade = (_, node) => ({
  ...node,
  op: textOf(node, 'approximate', 'none') === 'tanh' ? 'FastGelu' : 'Gelu',
  attributes: {},
});

const upgrades: Partial<Record<Operator, Upgrade>> = {
  Concat: axisWritten(0),
  FastGelu: (builder, node) =>
    node.inputs.length < 2
      ? node
      : { ...node, inputs: [builder.add('Add', [node.inputs[0]!, node.inputs[1]!])] },
  Gelu: geluForm,
  LogSoftmax: axisWritten(-1),
  ReduceMax: axesAsInput,
  ReduceMean: axesAsInput,
  ReduceMin: axesAsInput,
  ReduceProd: axesAsInput,
  ReduceSum: axesAsInput,
  Softmax: axisWritten(-1),
  Split: splitSizes,
  Squeeze: axesAsInput,
  Unsqueeze: axesAsInput,
};

/** The node in the form of operator set 18, with the given inputs. */
export function upgrade(
  builder: GraphBuilder,
  node: Node & { readonly op: Operator },
  inputs: readonly string[],
): Upgraded {
  return upgrades[node.op]?.(builder, { ...node, inputs }) ?? { ...node, inputs };
}

/** Throws UserError 'onnx' for files whose operators mean something else than here. */
export function checkOpset(opsets: Readonly<Record<string, number>>): void {
  const version = opsets[''] ?? 1;
  if (version >= 13) return;
  throw new UserError(
    'onnx',
    `The model uses ONNX operator set ${version}; its Softmax and Squeeze differ from those of set 13 and later.`,
    'Export it again with opset 13 or later (torch.onnx.export(..., opset_version=17)).',
  );
}

/** Throws UserError if a later node takes an output that the engine does not compute. */
export function refuseExtraOutput(node: Node, index: number): never {
  throw new UserError(
    'onnx',
    `Output ${index} of the ${nodeLabel(node)} is used, which is not supported.`,
    'Export the model without it.',
  );
}
