// Cases of operators that work element by element.

import { float } from '../../src/onnx/graph.ts';
import type { Operator } from '../../src/onnx/operators.ts';
import { DataType } from '../../src/onnx/tensor.ts';
import { apply, binary, on, type RuleCase, unary } from './caseKit.ts';

export const elementwiseCases = {
  Abs: unary('Abs'),
  Add: binary('Add'),
  Cast: [[5], [2, 3], [2, 1, 4]].map((shape) =>
    on([shape], (b, x) => b.cast(b.cast(x, DataType.double), DataType.float), {
      single: true,
    }),
  ),
  Clip: [
    on([[2, 3]], (b, x) => b.add('Clip', [x, b.scalarLike(x, -0.5), b.scalarLike(x, 1)])),
    on([[7]], (b, x) => b.add('Clip', [x, '', b.scalarLike(x, 0.25)]), {}, 'from above'),
    on([[2, 1, 4]], (b, x) => b.add('Clip', [x, b.scalarLike(x, 0)]), {}, 'from below'),
  ],
  Cos: unary('Cos'),
  // dy / x less as much: WGSL's division may be 2.5 units in the last place off, and on an NVIDIA GPU it is by one.
  Div: binary('Div', { positive: true }, { terms: 1 }),
  Erf: unary('Erf', { single: true }),
  Exp: unary('Exp'),
  FastGelu: unary('FastGelu', { single: true }),
  Gelu: unary('Gelu', { single: true }),
  Identity: unary('Identity'),
  LeakyRelu: unary('LeakyRelu', {}, { alpha: float(0.125) }),
  Log: unary('Log', { positive: true }),
  Max: binary('Max').slice(0, 4),
  Min: binary('Min').slice(0, 4),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  Pow: [
    on(
      [
        [2, 3],
        [2, 3],
      ],
      apply('Pow'),
      { positive: true },
    ),
    on([[2, 3, 4], [4]], apply('Pow'), { positive: true }),
    on(
      [
        [2, 1, 4],
        [3, 1],
      ],
      apply('Pow'),
      { positive: true },
    ),
    on([[2, 3]], (b, x) => b.add('Pow', [x, b.scalarLike(x, 2)]), {}, 'squared'),
    on([[2, 3]], (b, x) => b.add('Pow', [x, b.scalarLike(x, 3)]), {}, 'cubed'),
    on([[2, 3]], (b, x) => b.add('Pow', [x, b.scalarLike(x, -0.5)]), { positive: true }, '-0.5'),
  ],
  Reciprocal: unary('Reciprocal', { positive: true }),
  Relu: unary('Relu'),
  Sigmoid: unary('Sigmoid'),
  Sin: unary('Sin'),
  Softplus: unary('Softplus', { single: true }),
  Sqrt: unary('Sqrt', { positive: true }),
  Sub: binary('Sub'),
  Tanh: unary('Tanh'),
} satisfies Partial<Record<Operator, readonly RuleCase[]>>;
