// One rectangle of rows through a decoder and back where weights are arrays (Node, wasm): in one session, or body and
// head apart, the head for some positions at a time (cutGraph.ts).

import { gradientName } from '../autodiff/joint.ts';
import type { TokenRow } from '../core/trainable.ts';
import type { CutJointGraph } from './cutGraph.ts';
import type { InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import { graphRefused, only, passFailed } from './trainable.ts';
import { chunksOf, lossFeeds, lossWords, modelFeeds } from './trainingBatch.ts';
import type { JointGraph } from './trainingGraph.ts';

type Tensors = Readonly<Record<string, Tensor>>;

export interface Found {
  /** Position by position. */
  readonly logProbs: Float32Array;
  /** Of policies. */
  readonly entropies?: Float32Array;
}

export interface ArrayPass {
  readonly scores: boolean;
  /**
   * @param weights by parameter
   * @param take is told all gradients once all have been found; absent: nothing is learned
   */
  run(
    rows: readonly TokenRow[],
    columns: number,
    weights: Tensors,
    take?: (gradients: ReadonlyMap<string, readonly Float32Array[]>) => void,
  ): Promise<Found>;
  release(): Promise<void>;
}

/** @throws UserError 'onnx' when ONNX Runtime refuses a graph */
export async function arrayPass(
  graph: JointGraph | CutJointGraph,
  runtime: OrtRuntime,
): Promise<ArrayPass> {
  const sessions: InferenceSession[] = [];
  const release = async () => {
    for (const session of sessions.splice(0)) await session.release();
  };
  const load = async (file: Uint8Array) => {
    const session = await runtime.createSession(file).catch(graphRefused);
    sessions.push(session);
    return session;
  };
  const loadHead = async ({ file, scoring }: JointGraph | CutJointGraph['head']) => ({
    joint: await load(file),
    scoring: scoring && (await load(scoring)),
  });
  try {
    const run =
      'cut' in graph
        ? inParts(
            graph,
            runtime,
            { forward: await load(graph.body.forward), backward: await load(graph.body.backward) },
            await loadHead(graph.head),
          )
        : inOne(graph, runtime, await loadHead(graph));
    const { scoring } = 'cut' in graph ? graph.head : graph;
    return { scores: scoring !== undefined, run, release };
  } catch (error) {
    await release();
    throw error;
  }
}

interface Head {
  /** Forward and backward. */
  readonly joint: InferenceSession;
  /** Forward alone, of policies. */
  readonly scoring: InferenceSession | undefined;
}

function inOne(
  { inputs, gradients }: JointGraph,
  runtime: OrtRuntime,
  { joint, scoring }: Head,
): ArrayPass['run'] {
  return async (rows, columns, weights, take) => {
    const given = {
      ...modelFeeds(rows, columns, inputs, runtime),
      ...lossFeeds(lossWords(rows, columns, inputs), 0, [rows.length, columns], runtime),
      ...weights,
    };
    const session = take ? joint : scoring;
    if (!session) throw new Error('there is no graph for scores');
    const feeds = take ? given : only(given, session);
    const outputs = await session.run(feeds).catch(passFailed);
    const found = foundIn(outputs);
    const of = (output: string) => [floatsOf(outputs[output])];
    take?.(new Map([...gradients].map(([name, output]) => [name, of(output)])));
    dispose(outputs);
    return found;
  };
}

function inParts(
  { inputs, cut }: CutJointGraph,
  runtime: OrtRuntime,
  body: { readonly forward: InferenceSession; readonly backward: InferenceSession },
  { joint, scoring }: Head,
): ArrayPass['run'] {
  const { hidden, width, inBody, inHead } = cut;
  const { Tensor } = runtime;
  const run = (session: InferenceSession, given: Tensors) =>
    session.run(only(given, session)).catch(passFailed);
  return async (rows, columns, weights, take) => {
    const session = take ? joint : scoring;
    if (!session) throw new Error('there is no graph for scores');
    const given = { ...modelFeeds(rows, columns, inputs, runtime), ...weights };
    const kept = await run(body.forward, given);
    const states = floatsOf(kept[hidden]);
    const words = lossWords(rows, columns, inputs);
    const positions = rows.length * columns;
    const found = { logProbs: new Float32Array(positions), entropies: new Float32Array(positions) };
    const back = new Float32Array(states.length);
    const sums = new Map<string, Float32Array>();
    for (const { first, count } of chunksOf(positions, cut.rows)) {
      const dims = [1, count, width];
      const some = states.subarray(first * width, (first + count) * width);
      const outputs = await run(session, {
        ...lossFeeds(words, first, [1, count], runtime),
        ...weights,
        [hidden]: new Tensor('float32', some, dims),
      });
      const { logProbs, entropies } = foundIn(outputs);
      found.logProbs.set(logProbs, first);
      if (entropies) found.entropies.set(entropies, first);
      if (take) {
        back.set(floatsOf(outputs[gradientName(hidden)]), first * width);
        for (const name of inHead) addTo(sums, name, floatsOf(outputs[gradientName(name)]));
      }
      dispose(outputs);
    }
    if (take) {
      const seed = new Tensor('float32', back, [rows.length, columns, width]);
      const outputs = await run(body.backward, { ...given, ...kept, [`d${hidden}`]: seed });
      const all = new Map([...sums].map(([name, sum]) => [name, [sum]]));
      for (const name of inBody) {
        all.set(name, [...(all.get(name) ?? []), floatsOf(outputs[gradientName(name)])]);
      }
      take(all);
      dispose(outputs);
    }
    dispose(kept);
    return found;
  };
}

function addTo(sums: Map<string, Float32Array>, name: string, more: Float32Array): void {
  const sum = sums.get(name);
  if (sum) for (let i = 0; i < sum.length; i++) sum[i]! += more[i]!;
  else sums.set(name, more.slice());
}

const foundIn = ({ logProbs, entropies }: Tensors): Found => ({
  logProbs: floatsOf(logProbs),
  ...(entropies && { entropies: floatsOf(entropies) }),
});

function dispose(outputs: Tensors): void {
  for (const output of Object.values(outputs)) output.dispose();
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error(`a training output is ${tensor?.type ?? 'missing'}`);
}
