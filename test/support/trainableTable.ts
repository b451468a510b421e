// A trainable model whose optimum can be worked out on paper: logits depend on the previous token only, by a
// table that begins with zeros. Gradients by the formula, no sessions.
import type { TokenRow, TrainableModel, Update } from '../../src/core/trainable.ts';
import { adamw, globalNorm } from '../../src/models/adamw.ts';

export interface TableTrainable extends TrainableModel {
  readonly table: Float32Array;
  readonly steps: number;
  /** p(next | token) as it is now. */
  probability(token: number, next: number): number;
  /** After this many steps, what comes out is NaN. */
  breakAt(steps: number, what: 'loss' | 'gradient'): void;
}

export function bigramTrainable(vocab: number): TableTrainable {
  const zeros = () => new Float32Array(vocab * vocab);
  const [table, gradient, mean, square] = [zeros(), zeros(), zeros(), zeros()];
  let before = { table: zeros(), mean: zeros(), square: zeros(), steps: 0 };
  let steps = 0;
  let broken: { steps: number; what: 'loss' | 'gradient' } | undefined;
  const row = (token: number) => {
    const exps = Array.from(table.subarray(token * vocab, (token + 1) * vocab), Math.exp);
    const sum = exps.reduce((a, b) => a + b, 0);
    return exps.map((x) => x / sum);
  };
  return {
    vocab,
    contextLength: 100,
    table,
    get steps() {
      return steps;
    },
    probability: (token, next) => row(token)[next] ?? Number.NaN,
    breakAt(at, what) {
      broken = { steps: at, what };
    },
    async accumulate(rows: readonly TokenRow[]) {
      const isBroken = broken?.steps === steps;
      return rows.map(({ tokens, targets, weights }) =>
        Float32Array.from(tokens, (token, t) => {
          const p = row(token);
          p.forEach((q, next) => {
            const at = token * vocab + next;
            gradient[at]! += weights[t]! * ((next === targets[t] ? 1 : 0) - q);
          });
          if (isBroken && broken?.what === 'gradient') gradient[0] = Number.NaN;
          return isBroken && broken?.what === 'loss' ? Number.NaN : Math.log(p[targets[t]!]!);
        }),
      );
    },
    async step(update: Update) {
      const gradNorm = globalNorm([gradient]);
      const applied = Number.isFinite(gradNorm);
      if (applied) {
        before = { table: table.slice(), mean: mean.slice(), square: square.slice(), steps };
        steps++;
        adamw({ weights: table, gradient, mean, square }, { ...update, step: steps, scale: 1 });
      }
      gradient.fill(0);
      return { gradNorm, applied };
    },
    forget: () => {
      gradient.fill(0);
    },
    undo() {
      table.set(before.table);
      mean.set(before.mean);
      square.set(before.square);
      steps = before.steps;
    },
  };
}
