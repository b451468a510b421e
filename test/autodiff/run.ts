// Runs graphs on onnxruntime-node for tests: the executor of the tests, which the engine itself knows nothing of.

import * as ort from 'onnxruntime-node';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeModel } from '../../src/onnx/model.ts';
import { modelFrom } from '../../src/onnx/proto.ts';
import type { Feeds, Results, Value } from './values.ts';

export * from './values.ts';

function toOrt({ dims, data, type }: Value): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, dims);
  if (data instanceof Float64Array) return new ort.Tensor('float64', data, dims);
  if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, dims);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, dims);
  return new ort.Tensor(type ?? 'uint8', data, dims);
}

export interface Session {
  run(feeds: Feeds): Promise<Results>;
}

/** A session on one thread, so that tests leave a core to others. */
export async function sessionOf(source: Graph | Uint8Array): Promise<Session> {
  const bytes = source instanceof Uint8Array ? source : writeModel(modelFrom(source));
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  return {
    async run(feeds) {
      const given = session.inputNames.map((name) => {
        const value = feeds[name];
        if (value === undefined) throw new Error(`no feed for '${name}'`);
        return [name, toOrt(value)] as const;
      });
      const outputs = await session.run(Object.fromEntries(given));
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { dims, data, type }]) => [
          name,
          { dims, type, data: Array.from(data as ArrayLike<number | bigint>, Number) },
        ]),
      );
    },
  };
}

export async function run(source: Graph | Uint8Array, feeds: Feeds): Promise<Results> {
  return (await sessionOf(source)).run(feeds);
}
