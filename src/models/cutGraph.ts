// Training graphs of a decoder whose head runs for some positions at a time, so that the logits of a whole pass need
// never exist: body forwards, head forwards and back chunk by chunk, body backwards once. How many positions a chunk has
// follows from what its logits may take. The body's own backward pass takes what the head has left for weights that
// both of them read.

import { type Headed, splitHead } from '../autodiff/head.ts';
import { gradientName, withCotangents } from '../autodiff/joint.ts';
import type { Policy } from '../autodiff/partition.ts';
import {
  type JointFiles,
  jointFiles,
  type NominalSizes,
  type SplitFiles,
  splitFiles,
  type Training,
} from './trainingGraph.ts';
import { inputsOf, namesOf, type Source, type SourceOptions } from './trainingSource.ts';

/** What the logits of one run of the head may take (docs/training.md); in half of the largest binding that every GPU offers. */
export const LOGITS_BYTES = 64 * 2 ** 20;

/** The largest pass, and what its logits may take. */
export interface PassSizes extends NominalSizes {
  readonly logitsBytes?: number | undefined;
}

/** Where the head begins, and who reads which weights. */
export interface Cut {
  /** Hidden states (B, T, width): output of the body, input of the head; their gradient is the body's input `dNAME`. */
  readonly hidden: string;
  readonly width: number;
  /** Positions of one run of the head, at most. */
  readonly rows: number;
  readonly inBody: readonly string[];
  readonly inHead: readonly string[];
}

interface CutTraining extends Training {
  readonly cut: Cut;
  readonly body: SplitFiles;
}

/** The head takes hidden states (1, rows, width) and gives `logProbs` and gradients, theirs included. */
export interface CutJointGraph extends CutTraining {
  readonly head: JointFiles;
}

/** Gradients are added to inputs `sum.NAME`: in the head all but those of hidden states, in the body tied ones. */
export interface CutSplitGraph extends CutTraining {
  readonly head: SplitFiles;
}

export type CutSource = Source & Headed & { readonly cut: Cut };

/** The source in two, if the logits of the largest pass are too many bytes and the head can be told from the rest. */
export function cutSource(source: Source, sizes: PassSizes): CutSource | undefined {
  const { rows, columns, logitsBytes = LOGITS_BYTES } = sizes;
  const each = 4 * source.vocab;
  if (rows * columns * each <= logitsBytes) return undefined;
  const headed = splitHead(source.normalized.graph, namesOf(source));
  const width = headed?.hidden.shape[2];
  if (!headed || typeof width !== 'number') return undefined;
  const read = (part: Headed['body']) => {
    const inputs = new Set(part.inputs.map(({ name }) => name));
    return namesOf(source).filter((name) => inputs.has(name));
  };
  const cut: Cut = {
    hidden: headed.hidden.name,
    width,
    rows: Math.max(1, Math.floor(logitsBytes / each)),
    inBody: read(headed.body),
    inHead: read(headed.head),
  };
  return { ...source, ...headed, cut };
}

/** @throws UserError 'onnx' for what cannot be differentiated or fed */
export function cutJointFrom(
  { body, head, hidden, ...source }: CutSource,
  sizes: NominalSizes,
  options: SourceOptions,
): CutJointGraph {
  const { inBody, inHead } = source.cut;
  const below = withCotangents(body, inBody, hidden.name);
  const { graph, files } = splitFiles(below, 'wasm', 'saveAll', sizes);
  const above = jointFiles(head, [hidden.name, ...inHead], options);
  const model = inputsOf(graph, [...inBody, ...below.seeds]);
  const types = new Map([...model.types, ['targets', 'int64'] as const]);
  const gradients = gradientsOf(source);
  return { ...source, gradients, inputs: { ...model, types }, body: files, head: above.files };
}

/** @throws UserError 'onnx' for what cannot be differentiated or fed */
export function cutSplitFrom(
  { body, head, hidden, ...source }: CutSource,
  policy: Policy,
  sizes: NominalSizes,
): CutSplitGraph {
  const { inBody, inHead } = source.cut;
  const tied = inBody.filter((name) => inHead.includes(name));
  const below = withCotangents(body, inBody, hidden.name, tied);
  const above = withCotangents(head, [hidden.name, ...inHead], 'logits', inHead);
  const { graph, files } = splitFiles(below, 'webgpu', policy, sizes);
  return {
    ...source,
    gradients: gradientsOf(source),
    inputs: inputsOf(graph, [...inBody, ...below.seeds]),
    body: files,
    head: splitFiles(above, 'webgpu', policy, sizes).files,
  };
}

const gradientsOf = (source: Source) =>
  new Map(namesOf(source).map((name) => [name, gradientName(name)]));
