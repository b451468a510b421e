// The yardstick of training in a browser: the decoder of models/decoderGraph.ts written by hand in jax-js, weights by
// the same names, one jitted training step on its wasm backend or on WebGPU. Its arrays count references: a function uses up what
// it is given, and `.ref` keeps a value for one more use.

import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import type { Update } from '../src/core/trainable.ts';
import type { Architecture } from '../src/models/decoderGraph.ts';

type Arrays = { [name: string]: np.Array };
type State = { weights: Arrays; means: Arrays; squares: Arrays };

export interface JaxGpt {
  /**
   * One step of AdamW on the mean cross-entropy, after clipping.
   * @param tokens row-major (rows, columns)
   * @returns mean nats per token before the step
   */
  step(tokens: Int32Array, targets: Int32Array): Promise<number>;
  dispose(): void;
}

const linear = (w: Arrays, name: string, x: np.Array): np.Array =>
  np.matmul(x, w[`${name}.weight`]!.ref).add(w[`${name}.bias`]!.ref);

const norm = (w: Arrays, name: string, x: np.Array): np.Array =>
  nn.standardize(x, -1).mul(w[`${name}.weight`]!.ref).add(w[`${name}.bias`]!.ref);

function attention(w: Arrays, name: string, x: np.Array, heads: number, sizes: Sizes): np.Array {
  const { rows, columns, width } = sizes;
  const parts = np.split(linear(w, `${name}.c_attn`, x), 3, -1);
  const [q, k, v] = parts.map((part) => part.reshape([rows, columns, heads, width / heads]));
  const mixed = nn.dotProductAttention(q!, k!, v!, { isCausal: true });
  return linear(w, `${name}.c_proj`, mixed.reshape([rows * columns, width]));
}

interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
}

/** Mean nats per token; uses up the weights. tokens (rows, columns), targets (rows * columns). */
function lossOf(shape: Architecture, w: Arrays, tokens: np.Array, targets: np.Array): np.Array {
  const { layers, heads, width, vocabulary } = shape;
  const [rows, columns] = tokens.shape as [number, number];
  const sizes = { rows, columns, width };
  const embedded = np.take(w['wte.weight']!.ref, tokens, 0);
  let x = embedded.add(w['wpe.weight']!.ref.slice([0, columns])).reshape([rows * columns, width]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `h.${layer}`;
    x = x.ref.add(attention(w, `${name}.attn`, norm(w, `${name}.ln_1`, x), heads, sizes));
    const up = linear(w, `${name}.mlp.c_fc`, norm(w, `${name}.ln_2`, x.ref));
    x = x.add(linear(w, `${name}.mlp.c_proj`, nn.gelu(up)));
  }
  const logits = np.matmul(norm(w, 'ln_f', x), w['wte.weight']!.ref.transpose());
  const logProbs = nn.logSoftmax(logits, -1);
  const picked = logProbs.mul(nn.oneHot(targets, vocabulary));
  for (const weight of Object.values(w)) weight.dispose();
  return picked.sum().mul(-1 / (rows * columns));
}

/** The optimiser of models/adamw.ts, with bias corrections given. */
function updated(
  { weights, means, squares }: State,
  gradients: Arrays,
  corrections: np.Array,
  update: Update,
): State {
  const { learningRate, beta1, beta2, epsilon, weightDecay, clip } = update;
  const names = Object.keys(weights);
  const sum = names.map((name) => np.square(gradients[name]!.ref).sum()).reduce((a, b) => a.add(b));
  const scale = np.minimum(np.array(1), np.reciprocal(np.sqrt(sum)).mul(clip));
  const [first, second] = [corrections.ref.slice(0), corrections.slice(1)];
  const after: State = { weights: {}, means: {}, squares: {} };
  for (const name of names) {
    const w = weights[name]!;
    const g = gradients[name]!.mul(scale.ref);
    const decay = w.ndim > 1 ? weightDecay : 0;
    const m = means[name]!.mul(beta1).add(g.ref.mul(1 - beta1));
    const v = squares[name]!.mul(beta2).add(np.square(g).mul(1 - beta2));
    const size = np.sqrt(v.ref.mul(second.ref)).add(epsilon);
    const direction = m.ref.mul(first.ref).div(size);
    after.weights[name] = w.ref.mul(1 - learningRate * decay).sub(direction.mul(learningRate));
    w.dispose();
    after.means[name] = m;
    after.squares[name] = v;
  }
  for (const used of [scale, first, second]) used.dispose();
  return after;
}

/** @param weights by the names of decoderGraph, with their shapes */
export async function jaxGpt(
  shape: Architecture,
  weights: ReadonlyMap<string, { readonly dims: readonly number[]; readonly values: Float32Array }>,
  [rows, columns]: readonly [number, number],
  update: Update,
  device: 'wasm' | 'webgpu' = 'wasm',
): Promise<JaxGpt> {
  await init(device);
  defaultDevice(device);
  const step = jit((state: State, tokens: np.Array, targets: np.Array, corrections: np.Array) => {
    const kept = Object.fromEntries(
      Object.entries(state.weights).map(([name, weight]) => [name, weight.ref]),
    );
    const [loss, gradients] = valueAndGrad((w: Arrays) => lossOf(shape, w, tokens, targets))(kept);
    return { loss, state: updated(state, gradients, corrections, update) };
  });
  const arrays = (of: (values: Float32Array) => Float32Array): Arrays =>
    Object.fromEntries(
      [...weights].map(([name, { dims, values }]) => [
        name,
        np.array(new Float32Array(of(values))).reshape([...dims]),
      ]),
    );
  const zeros = (values: Float32Array) => new Float32Array(values.length);
  let state: State = { weights: arrays((x) => x), means: arrays(zeros), squares: arrays(zeros) };
  let steps = 0;
  const ints = (values: Int32Array, dims: number[]) =>
    np.array(values.slice(), { dtype: np.int32 }).reshape(dims);
  return {
    async step(tokens, targets) {
      steps++;
      const corrections = [1 / (1 - update.beta1 ** steps), 1 / (1 - update.beta2 ** steps)];
      const made = step(
        state,
        ints(tokens, [rows, columns]),
        ints(targets, [rows * columns]),
        np.array(new Float32Array(corrections)),
      );
      state = made.state;
      for (const array of Object.values(state).flatMap((all: Arrays) => Object.values(all))) {
        await array.blockUntilReady();
      }
      return (await made.loss.data())[0]!;
    },
    dispose() {
      for (const array of Object.values(state).flatMap((all: Arrays) => Object.values(all))) {
        array.dispose();
      }
      step.dispose();
    },
  };
}
