// Joint graphs: forward and backward of a normalised decoder in one. Two borders are offered.
//
// `withCotangents` leaves the loss outside: the caller gives dL/dlogits (on WebGPU the loss kernel writes it).
// `withTokenLogProbs` takes what every objective here comes down to, sum_t g_t log p(y_t) with given g_t (SFT,
// GRPO and its kin, distillation on sampled tokens): targets and g in, log-probs and gradients out.

import { UserError } from '../core/errors.ts';
import { GraphBuilder } from '../onnx/builder.ts';
import { type Graph, int } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import { backward } from './backward.ts';

export interface Joint {
  readonly graph: Graph;
  /** Inputs that are not needed to compute the forward outputs: cotangents or token weights. */
  readonly seeds: readonly string[];
  /** Names of the outputs of the forward part. */
  readonly outputs: readonly string[];
  /** What was differentiated -> the output that holds its gradient. */
  readonly gradients: ReadonlyMap<string, string>;
}

/** The output that holds a tensor's gradient. */
export function gradientName(parameter: string): string {
  return `grad.${parameter}`;
}

function finish(
  b: GraphBuilder,
  name: string,
  outputs: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
  seeds: readonly string[],
): Joint {
  const gradients = new Map([...found.keys()].map((value) => [value, gradientName(value)]));
  const all = new Map([
    ...outputs,
    ...[...found].map(([value, gradient]) => [gradientName(value), gradient] as const),
  ]);
  const graph = b.toGraph(`${name}_joint`, all);
  return { graph, seeds, outputs: [...outputs.keys()], gradients };
}

/** The input that holds what a tensor's gradient is added to. */
export const sumName = (parameter: string): string => `sum.${parameter}`;

/**
 * Adds gradients of sum(dlogits * logits) with respect to `wrt`.
 * Inputs gain `d${output}` with the output's shape; outputs gain `grad.NAME` for each of `wrt`.
 * @param summed those of `wrt` whose gradients go on from the input `sum.NAME`
 */
export function withCotangents(
  graph: Graph,
  wrt: readonly string[],
  output = 'logits',
  summed: readonly string[] = [],
): Joint {
  const b = GraphBuilder.from(graph);
  const { dtype, shape } = b.info(output);
  const seed = b.input(`d${output}`, dtype, shape);
  const gradients = backward(b, new Map([[output, seed]]), wrt);
  const sums = summed.map((name) => b.input(sumName(name), b.info(name).dtype, b.shape(name)));
  summed.forEach((name, i) => {
    gradients.set(name, b.add('Add', [sums[i]!, gradients.get(name)!]));
  });
  return finish(b, graph.name, new Map([[output, output]]), gradients, [seed, ...sums]);
}

export interface TokenLossOptions {
  /** Output (B, T, V) that holds the logits. */
  readonly logits?: string;
  /** int64 (B, T) input: the token that each row of logits should predict; any valid id where g is 0. */
  readonly targets?: string;
  /** float (B, T) input g: what each token's log-probability counts; 0 leaves it out. */
  readonly weights?: string;
  /** Element type of the targets: int64, or int32 for providers that prefer it. */
  readonly targetType?: number;
  /** Logits are divided by it; absent: 1. */
  readonly temperature?: number;
  /** Whether the entropy of every row is an output `entropies` (B, T) as well. */
  readonly entropies?: boolean;
}

/**
 * Adds log p(target) of every row and the gradients of sum(g * log p(target)) with respect to `wrt`.
 * Outputs: `logProbs` (B, T) and `grad.NAME` for each of `wrt`; the logits themselves are no longer an output.
 * A descent step on a loss uses g = dL / d log p, e.g. -1 / tokens for cross-entropy.
 */
export function withTokenLogProbs(
  graph: Graph,
  wrt: readonly string[],
  options: TokenLossOptions = {},
): Joint {
  const { weights = 'weights' } = options;
  const b = GraphBuilder.from(graph);
  const { logProbs, entropies, dtype, rows } = scoreTokens(b, options);
  const g = b.input(weights, dtype, rows);
  const gradients = backward(b, new Map([[logProbs, g]]), wrt);
  return finish(b, graph.name, scoreOutputs(logProbs, entropies), gradients, [g]);
}

/** The same without gradients: outputs `logProbs` and, if they are asked for, `entropies`. */
export function withScores(graph: Graph, options: TokenLossOptions = {}): Graph {
  const b = GraphBuilder.from(graph);
  const { logProbs, entropies } = scoreTokens(b, options);
  return b.toGraph(`${graph.name}_scores`, scoreOutputs(logProbs, entropies));
}

const scoreOutputs = (logProbs: string, entropies: string | undefined) =>
  new Map([
    ['logProbs', logProbs],
    ...(entropies === undefined ? [] : [['entropies', entropies]]),
  ] as [string, string][]);

/** Below it a log-probability counts as this much in an entropy, so that 0 * -Infinity is 0. */
const LEAST_LOG_PROB = -1e30;

function scoreTokens(b: GraphBuilder, options: TokenLossOptions) {
  const { logits = 'logits', targets = 'targets', temperature = 1 } = options;
  const { dtype, shape } = b.info(logits);
  if (shape.length !== 3) {
    throw new UserError(
      'onnx',
      `The logits have ${shape.length} axes; training needs (batch, length, vocabulary).`,
      'Choose the output that holds the logits, or export a causal language model.',
    );
  }
  const rows = shape.slice(0, 2);
  b.input(targets, options.targetType ?? DataType.int64, rows);
  const last = b.ints([2]);
  const warm =
    temperature === 1 ? logits : b.add('Mul', [logits, b.scalar(dtype, 1 / temperature)]);
  const all = b.add('LogSoftmax', [warm], { axis: int(-1) });
  const picked = b.add('GatherElements', [all, b.add('Unsqueeze', [targets, last])], {
    axis: int(2),
  });
  const logProbs = b.add('Squeeze', [picked, last]);
  if (!options.entropies) return { logProbs, entropies: undefined, dtype, rows };
  const finite = b.add('Max', [all, b.scalar(dtype, LEAST_LOG_PROB)]);
  const terms = b.add('Mul', [b.add('Exp', [all]), finite]);
  const entropies = b.add('Neg', [b.add('ReduceSum', [terms, last], { keepdims: int(0) })]);
  return { logProbs, entropies, dtype, rows };
}
