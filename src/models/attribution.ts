// How much one logit changes with every weight: d logit / d w at the last position of a text, by one pass forward and
// one back. The seed of the backward pass is one number: dL/dlogits is 1 at the token and 0 everywhere else.

import type { Normalized } from '../onnx/normalize.ts';
import type { InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import { graphRefused, passFailed } from './trainable.ts';
import { modelFeeds } from './trainingBatch.ts';
import { type CotangentGraph, cotangentGraph } from './trainingGraph.ts';

export interface LogitGradients {
  readonly logit: number;
  /** d logit / d w, by parameter. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

export class Attribution {
  readonly #graph: CotangentGraph;
  readonly #runtime: OrtRuntime;
  readonly #session: InferenceSession;

  private constructor(graph: CotangentGraph, runtime: OrtRuntime, session: InferenceSession) {
    this.#graph = graph;
    this.#runtime = runtime;
    this.#session = session;
  }

  /** @throws UserError 'onnx' for what cannot be differentiated */
  static async create(normalized: Normalized, runtime: OrtRuntime): Promise<Attribution> {
    const graph = cotangentGraph(normalized, runtime.provider);
    const session = await runtime.createSession(graph.file).catch(graphRefused);
    return new Attribution(graph, runtime, session);
  }

  /**
   * @param tokens of the text, at least one
   * @param token whose logit after the text is asked about
   * @param weights what the graph is fed for its parameters
   */
  async gradients(
    tokens: readonly number[],
    token: number,
    weights: Readonly<Record<string, Tensor>>,
  ): Promise<LogitGradients> {
    const { inputs, vocab, gradients } = this.#graph;
    const row = { tokens, targets: tokens, weights: tokens.map(() => 0) };
    const seed = new Float32Array(tokens.length * vocab);
    const at = (tokens.length - 1) * vocab + token;
    seed[at] = 1;
    const outputs = await this.#session
      .run({
        ...modelFeeds([row], tokens.length, inputs, this.#runtime),
        ...weights,
        dlogits: new this.#runtime.Tensor('float32', seed, [1, tokens.length, vocab]),
      })
      .catch(passFailed);
    try {
      const floats = async (name: string) => (await outputs[name]!.getData()) as Float32Array;
      const found = new Map<string, Float32Array>();
      for (const [parameter, output] of gradients) {
        found.set(parameter, (await floats(output)).slice());
      }
      return { logit: (await floats('logits'))[at]!, gradients: found };
    } finally {
      for (const output of Object.values(outputs)) output.dispose();
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
