// Gradients of operators that work element by element. d is the cotangent, y the output, x the inputs.

import type { GraphBuilder } from '../onnx/builder.ts';
import { floatOf, int, intOf } from '../onnx/graph.ts';
import type { Operator } from '../onnx/operators.ts';
import { geluGate, normalDistribution } from '../onnx/primitives.ts';
import { isFloat } from '../onnx/tensor.ts';
import { mask, type Rule, type RuleContext, reduceTo } from './rule.ts';

/** A rule for one input: d * derivative. */
function unary(derivative: (c: RuleContext, x: string, y: string) => string): Rule {
  return (c) => [c.b.add('Mul', [c.d, derivative(c, c.x[0]!, c.y[0]!)])];
}

/** A rule for broadcasting inputs: each one's cotangent in the output's shape, summed to its own. */
export function broadcasting(
  cotangents: (c: RuleContext) => readonly ((() => string) | undefined)[],
): Rule {
  return (c) =>
    cotangents(c).map((cotangent, i) =>
      cotangent === undefined || !c.need[i]
        ? undefined
        : reduceTo(c.b, cotangent(), c.b.shape(c.y[0]!), c.b.shape(c.x[i]!)),
    );
}

/** Arithmetic that reads like the formula beside it. */
function arithmetic(b: GraphBuilder) {
  const binary = (op: Operator) => (p: string, q: string) => b.add(op, [p, q]);
  return {
    add: binary('Add'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('Div'),
    of: (op: Operator, p: string) => b.add(op, [p]),
    times: (p: string, factor: number) => b.add('Mul', [p, b.scalarLike(p, factor)]),
    plus: (p: string, term: number) => b.add('Add', [p, b.scalarLike(p, term)]),
  };
}

/** max or min: the cotangent goes to the inputs that equal the output, shared among ties. */
const extremum: Rule = (c) => {
  const { b, x, y, d } = c;
  const masks = x.map((input) => mask(b, b.add('Equal', [input, y[0]!]), d));
  const count = masks.reduce((p, q) => b.add('Add', [p, q]));
  const share = b.add('Div', [d, count]);
  return broadcasting(() => masks.map((m) => () => b.add('Mul', [share, m])))(c);
};

const pow: Rule = (c) => {
  const { b, x, y, d } = c;
  const { mul, sub, of } = arithmetic(b);
  const [base, exponent] = [x[0]!, x[1]!];
  return broadcasting(() => [
    () => {
      const one = b.scalarLike(exponent, 1);
      return mul(d, mul(exponent, b.add('Pow', [base, sub(exponent, one)])));
    },
    // d/dp x^p = x^p log x; 0 where x <= 0, where the power is no smooth function of p.
    () => {
      const zero = b.scalarLike(base, 0);
      const positive = b.add('Greater', [base, zero]);
      const safe = b.add('Where', [positive, base, b.scalarLike(base, 1)]);
      return mul(d, mul(y[0]!, of('Log', safe)));
    },
  ])(c);
};

/** 0.5 (1 + erf(x / sqrt 2)) + x exp(-x^2 / 2) / sqrt(2 pi) */
const gelu = unary(({ b }, x) => {
  const { add, mul, times, of } = arithmetic(b);
  const distribution = normalDistribution(b, x);
  const density = times(of('Exp', times(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(distribution, mul(x, density));
});

/** y = x s with s = sigmoid(v): s + y (1 - s) dv / dx */
const fastGelu = unary(({ b }, x, y) => {
  const { add, mul, sub } = arithmetic(b);
  const { gate, slope } = geluGate(b, x);
  return add(gate, mul(mul(y, sub(b.scalarLike(x, 1), gate)), slope()));
});

const clip: Rule = (c) => {
  const { b, x, d } = c;
  const [value, low, high] = x;
  let inside = d;
  if (low) inside = b.add('Mul', [inside, mask(b, b.add('GreaterOrEqual', [value!, low]), d)]);
  if (high) inside = b.add('Mul', [inside, mask(b, b.add('LessOrEqual', [value!, high]), d)]);
  return [inside];
};

export const elementwiseRules = {
  Abs: unary(({ b }, x) => b.add('Sign', [x])),
  Add: broadcasting(({ d }) => [() => d, () => d]),
  Cast: ({ b, x, d }) => [
    isFloat(b.info(x[0]!).dtype) ? b.cast(d, b.info(x[0]!).dtype) : undefined,
  ],
  Clip: clip,
  Cos: ({ b, x, d }) => [b.add('Neg', [b.add('Mul', [d, b.add('Sin', [x[0]!])])])],
  CumSum: ({ b, node, x, d, y }) => {
    const attributes = { ...node.attributes, reverse: int(1 - intOf(node, 'reverse', 0)) };
    const expanded = b.add('Expand', [d, b.ints(b.shape(y[0]!))]);
    return [b.add('CumSum', [expanded, x[1]!], attributes)];
  },
  /** d / b and -d y / b */
  Div: broadcasting(({ b, d, x, y }) => {
    const { div, mul, of } = arithmetic(b);
    return [() => div(d, x[1]!), () => of('Neg', div(mul(d, y[0]!), x[1]!))];
  }),
  Erf: unary(({ b }, x) => {
    const { mul, times, of } = arithmetic(b);
    return times(of('Exp', of('Neg', mul(x, x))), 2 / Math.sqrt(Math.PI));
  }),
  Exp: unary((_, __, y) => y),
  FastGelu: fastGelu,
  Gelu: gelu,
  Identity: ({ d }) => [d],
  LeakyRelu: unary(({ b, node }, x) => {
    const positive = b.add('Greater', [x, b.scalarLike(x, 0)]);
    const alpha = floatOf(node, 'alpha', 0.01);
    return b.add('Where', [positive, b.scalarLike(x, 1), b.scalarLike(x, alpha)]);
  }),
  Log: ({ b, x, d }) => [b.add('Div', [d, x[0]!])],
  Max: extremum,
  Min: extremum,
  /** The same tensor twice needs no special case: the two cotangents are added. */
  Mul: broadcasting(({ b, d, x }) => [
    () => b.add('Mul', [d, x[1]!]),
    () => b.add('Mul', [d, x[0]!]),
  ]),
  Neg: ({ b, d }) => [b.add('Neg', [d])],
  Pow: pow,
  Reciprocal: unary(({ b }, _, y) => b.add('Neg', [b.add('Mul', [y, y])])),
  /** Ceil(Clip(y, 0, 1)) is 1 where y > 0: the fastest form on wasm, and one that WebGPU has. */
  Relu: unary(({ b }, _, y) => {
    const clipped = b.add('Clip', [y, b.scalarLike(y, 0), b.scalarLike(y, 1)]);
    return b.add('Ceil', [clipped]);
  }),
  Sigmoid: unary(({ b }, _, y) => b.add('Mul', [y, b.add('Sub', [b.scalarLike(y, 1), y])])),
  Sin: unary(({ b }, x) => b.add('Cos', [x])),
  Softplus: unary(({ b }, x) => b.add('Sigmoid', [x])),
  Sqrt: ({ b, d, y }) => [b.add('Div', [b.add('Mul', [d, b.scalarLike(d, 0.5)]), y[0]!])],
  Sub: broadcasting(({ b, d }) => [() => d, () => b.add('Neg', [d])]),
  Tanh: unary(({ b }, _, y) => b.add('Sub', [b.scalarLike(y, 1), b.add('Mul', [y, y])])),
  Where: broadcasting(({ b, d, x }) => {
    const zero = b.scalarLike(d, 0);
    return [
      undefined,
      () => b.add('Where', [x[0]!, d, zero]),
      () => b.add('Where', [x[0]!, zero, d]),
    ];
  }),
} satisfies Partial<Record<Operator, Rule>>;
