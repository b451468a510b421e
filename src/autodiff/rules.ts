// The table of gradient rules: one per differentiable operator, total over the union, so that an operator listed
// in onnx/operators.ts without a rule here does not compile.

import type { Differentiable } from '../onnx/operators.ts';
import { elementwiseRules } from './elementwiseRules.ts';
import { layoutRules } from './layoutRules.ts';
import { quantizedRules } from './quantizedRules.ts';
import { reductionRules } from './reductionRules.ts';
import type { Rule } from './rule.ts';

export const rules: { readonly [K in Differentiable]: Rule } = {
  ...elementwiseRules,
  ...layoutRules,
  ...quantizedRules,
  ...reductionRules,
};
