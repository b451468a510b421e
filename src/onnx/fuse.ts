// Finds the operators that an exporter took apart: RMSNorm, LayerNorm, GELU in its two forms. Asked for every
// value as it is added, so the largest pattern grows step by step: a LayerNorm is an RMSNorm of the centred input
// plus a bias.

import type { GraphBuilder } from './builder.ts';
import { float, floatOf, int } from './graph.ts';
import { match, node, number, type Pattern, scalar, value } from './pattern.ts';

const x = value('x');
const mean = (of: Pattern) => node('ReduceMean', of, value('axes'));
const deviation = node('Sqrt', node('Add', mean(node('Mul', x, x)), scalar('epsilon')));

/** weight * x / sqrt(mean(x^2) + epsilon), as torch, Transformers and ONNX decompositions write it. */
const rmsNorm: readonly Pattern[] = [
  node('Div', x, deviation),
  node('Mul', x, node('Reciprocal', deviation)),
  node('Mul', x, node('Div', number(1), deviation)),
].map((normalized) => node('Mul', normalized, value('weight')));

const centred = node('Sub', x, mean(x));
const layerNorm = node(
  'Add',
  node('SimplifiedLayerNormalization', value('d'), value('weight')),
  value('bias'),
);

/** x * 0.5 * gate in the three orders that exporters use. */
const halved = (gate: Pattern): readonly Pattern[] => [
  node('Mul', node('Mul', x, gate), number(0.5)),
  node('Mul', node('Mul', x, number(0.5)), gate),
  node('Mul', x, node('Mul', gate, number(0.5))),
];

const erf = [
  node('Erf', node('Div', x, number(Math.SQRT2))),
  node('Erf', node('Mul', x, number(Math.SQRT1_2))),
];
const gelu = erf.flatMap((e) => halved(node('Add', e, number(1))));

/** x^3 is a product by now, see peephole.ts. */
const cube = node('Mul', node('Mul', x, x), x);
const inner = node('Add', x, node('Mul', cube, number(0.044715)));
const tanh = node('Tanh', node('Mul', inner, number(Math.sqrt(2 / Math.PI))));
const fastGelu = halved(node('Add', tanh, number(1)));

/** True if the value is a vector as long as x's last axis. */
function isVector(builder: GraphBuilder, name: string | undefined, like: string): boolean {
  if (name === undefined) return false;
  const shape = builder.shape(name);
  return (
    shape.length === 1 && typeof shape[0] === 'number' && shape[0] === builder.shape(like).at(-1)
  );
}

function reducesLastAxis(builder: GraphBuilder, axes: string | undefined, of: string): boolean {
  const contents = axes === undefined ? undefined : builder.info(axes).contents;
  const last = builder.shape(of).length - 1;
  return contents?.length === 1 && (contents[0] === -1 || contents[0] === last);
}

function fuseRmsNorm(builder: GraphBuilder, name: string): string | undefined {
  for (const pattern of rmsNorm) {
    const found = match(builder, name, pattern);
    const { x: input, weight, axes } = found?.values ?? {};
    const epsilon = found?.scalars.epsilon;
    if (input === undefined || weight === undefined || epsilon === undefined) continue;
    if (!isVector(builder, weight, input) || !reducesLastAxis(builder, axes, input)) continue;
    return builder.add('SimplifiedLayerNormalization', [input, weight], {
      axis: int(-1),
      epsilon: float(epsilon),
    });
  }
  return undefined;
}

function fuseLayerNorm(builder: GraphBuilder, name: string): string | undefined {
  const { d, weight, bias } = match(builder, name, layerNorm)?.values ?? {};
  if (d === undefined || weight === undefined || bias === undefined) return undefined;
  const { x: input, axes } = match(builder, d, centred)?.values ?? {};
  const norm = [name, ...(builder.producer(name)?.inputs ?? [])]
    .map((candidate) => builder.producer(candidate))
    .find((producer) => producer?.op === 'SimplifiedLayerNormalization');
  if (input === undefined || norm === undefined || !isVector(builder, bias, input))
    return undefined;
  if (!reducesLastAxis(builder, axes, input)) return undefined;
  return builder.add('LayerNormalization', [input, weight, bias], {
    axis: int(-1),
    epsilon: float(floatOf(norm, 'epsilon', 1e-5)),
  });
}

/** The fused operator's value if this one completes a known pattern. What it replaces dies if unused. */
export function fuse(builder: GraphBuilder, name: string): string | undefined {
  const root = builder.producer(name);
  if (root?.op === 'Add') return fuseLayerNorm(builder, name);
  if (root?.op !== 'Mul') return undefined;
  const erfForm = gelu.map((pattern) => match(builder, name, pattern)).find(Boolean);
  if (erfForm?.values.x !== undefined) return builder.add('Gelu', [erfForm.values.x]);
  const tanhForm = fastGelu.map((pattern) => match(builder, name, pattern)).find(Boolean);
  if (tanhForm?.values.x !== undefined) return builder.add('FastGelu', [tanhForm.values.x]);
  return fuseRmsNorm(builder, name);
}
