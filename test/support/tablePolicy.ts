// A policy whose every number can be worked out on paper: logits depend on the previous token only, by a table. It
// writes by inverse CDF in token-id order with the uniform at each draw's address, and follows its gradient by AdamW.
import type {
  Draw,
  Learned,
  Policy,
  PolicySequence,
  Scores,
  Sequence,
  Writing,
} from '../../src/core/policy.ts';
import { type PolicyObjective, policyTerms } from '../../src/core/policyLoss.ts';
import { uniform } from '../../src/core/rng.ts';
import type { Update } from '../../src/core/trainable.ts';
import { adamw, globalNorm } from '../../src/models/adamw.ts';

export interface TablePolicy extends Policy {
  readonly table: Float32Array;
  readonly gradient: Float64Array;
  readonly steps: number;
  /** What was learned from, in order. */
  readonly heard: readonly { sequences: readonly PolicySequence[]; objective: PolicyObjective }[];
  /** p(next | token). */
  probability(token: number, next: number): number;
}

export function tablePolicy(
  first: readonly (readonly number[])[],
  eos: number,
  temperature = 1,
): TablePolicy {
  const vocab = first.length;
  const table = Float32Array.from(first.flat());
  const reference = table.slice();
  const gradient = new Float64Array(vocab * vocab);
  const [mean, square] = [new Float32Array(vocab * vocab), new Float32Array(vocab * vocab)];
  const heard: { sequences: readonly PolicySequence[]; objective: PolicyObjective }[] = [];
  let steps = 0;
  let before = { table: table.slice(), mean: mean.slice(), square: square.slice(), steps };
  const row = (of: Float32Array, token: number, warmth = temperature) => {
    const x = Array.from(of.subarray(token * vocab, (token + 1) * vocab), (v) => v / warmth);
    const most = Math.max(...x);
    const exps = x.map((v) => Math.exp(v - most));
    const sum = exps.reduce((a, b) => a + b, 0);
    return exps.map((e) => e / sum);
  };
  const scored = (of: Float32Array, { prompt, completion }: Sequence): Scores => {
    const read = [...prompt.slice(-1), ...completion];
    const rows = completion.map((_, t) => row(of, read[t]!));
    return {
      logProbs: Float64Array.from(completion, (token, t) => Math.log(rows[t]![token]!)) as never,
      entropies: Float64Array.from(
        rows,
        (p) => -p.reduce((s, q) => s + q * Math.log(q), 0),
      ) as never,
    };
  };
  return {
    contextLength: 1000,
    temperature,
    table,
    gradient,
    heard,
    get steps() {
      return steps;
    },
    probability: (token, next) => row(table, token)[next]!,
    async write(draws: readonly Draw[], how: Writing) {
      return draws.map(({ prompt, begun = [], slot }) => {
        const tokens = [...begun];
        while (tokens.length < how.longest && tokens.at(-1) !== eos) {
          const last = tokens.at(-1) ?? prompt.at(-1)!;
          const p = row(table, last, how.temperature || 1);
          if (how.temperature === 0) {
            tokens.push(p.indexOf(Math.max(...p)));
            continue;
          }
          const u = uniform({ seed: how.seed, run: how.run, step: tokens.length, row: slot });
          let sum = 0;
          const next = p.findIndex((q) => {
            sum += q;
            return sum > u;
          });
          tokens.push(next < 0 ? vocab - 1 : next);
        }
        return { tokens, truncated: tokens.at(-1) !== eos };
      });
    },
    score: async (sequences) => sequences.map((one) => scored(table, one)),
    scoreReference: async (sequences) => sequences.map((one) => scored(reference, one)),
    async learn(sequences, objective): Promise<readonly Learned[]> {
      heard.push({ sequences, objective });
      return sequences.map((one) => {
        const found = scored(table, one);
        const terms = policyTerms(one, found.logProbs, objective);
        const read = [...one.prompt.slice(-1), ...one.completion];
        one.completion.forEach((token, t) => {
          const p = row(table, read[t]!);
          p.forEach((q, next) => {
            const at = read[t]! * vocab + next;
            gradient[at]! += (terms.weights[t]! * ((next === token ? 1 : 0) - q)) / temperature;
          });
        });
        return { ...found, ...terms };
      });
    },
    async step(update: Update) {
      const gradNorm = globalNorm([gradient as never]);
      const applied =
        Number.isFinite(gradNorm) && gradNorm <= (update.limit ?? Number.POSITIVE_INFINITY);
      if (applied) {
        before = { table: table.slice(), mean: mean.slice(), square: square.slice(), steps };
        steps++;
        const state = { weights: table, gradient: gradient as never, mean, square };
        adamw(state, { ...update, step: steps, scale: 1 });
      }
      gradient.fill(0);
      return { gradNorm, applied, ...(!applied && { tensor: 'table' }) };
    },
    forget: () => void gradient.fill(0),
    undo() {
      table.set(before.table);
      mean.set(before.mean);
      square.set(before.square);
      steps = before.steps;
      gradient.fill(0);
    },
  };
}
