// Why a model cannot be trained, told whole: every operator that stands in the way and not only the first one that was
// met, and whether adapters would do where the weights themselves will not.

import { UserError } from '../core/errors.ts';
import { type ModelProto, readModel } from '../onnx/model.ts';
import { isComposite, isOperator } from '../onnx/operators.ts';
import { operatorsOf } from '../onnx/summary.ts';
import { jointGraph } from './trainingGraph.ts';
import type { Bytes, SourceOptions } from './trainingSource.ts';

/** Weights without a gradient, of which LoRA can make use. */
export const QUANTISED = 'com.microsoft.MatMulNBits';
/** Whether adapters would do takes seconds to find out beyond this. Bytes of the ONNX file. */
const TRIED = 64 * 2 ** 20;
const TRY = { rank: 1, alpha: 1, targets: 'all', seed: 0 } as const;
const ADAPTERS = 'Set “What learns” to LoRA adapters, which leave the weights as they are';

/** Operators that training does not know, bodies included; by full name. */
export const withoutGradient = (operators: readonly string[]): readonly string[] =>
  operators.filter((full) => {
    const op = full.slice(full.lastIndexOf('.') + 1);
    return !(isOperator(op) || isComposite(op)) || op === 'DequantizeLinear';
  });

/**
 * What `build` makes of the file.
 * @throws UserError 'onnx' that names every operator without a gradient, and says what to do
 */
export function explained<T>(bytes: Bytes, options: SourceOptions, build: () => T): T {
  try {
    if (!options.lora) refuseQuantised(readModel(viewOf(bytes)));
    return build();
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'onnx') throw error;
    throw withAll(error, bytes, options);
  }
}

function refuseQuantised(model: ModelProto): void {
  const found = operatorsOf(model).find(({ op }) => op === QUANTISED);
  if (!found) return;
  throw new UserError(
    'onnx',
    `This model’s matrices are quantised (${QUANTISED}, ${found.count} times), and integers have no gradient.`,
    `${ADAPTERS}; or train the float32 export (model.onnx).`,
  );
}

function withAll(error: UserError, bytes: Bytes, options: SourceOptions): UserError {
  let counted: ReturnType<typeof operatorsOf>;
  try {
    counted = operatorsOf(readModel(viewOf(bytes)));
  } catch {
    return error; // no model at all
  }
  const unknown = new Set(withoutGradient(counted.map(({ op }) => op)));
  const named = counted.flatMap(({ op, count }) =>
    unknown.has(op) ? [`${op} (${count === 1 ? 'once' : `${count} times`})`] : [],
  );
  const adapters = !options.lora && bytes.length <= TRIED && wouldDo(bytes, options);
  if (named.length === 0 && !adapters) return error;
  const message =
    named.length === 0
      ? error.message
      : `This model cannot be trained: there is no gradient for ${named.join(', ')}. ${error.message}`;
  const remedy = adapters ? `${ADAPTERS}; or: ${error.remedy}` : error.remedy;
  return new UserError('onnx', message, remedy, { cause: error.cause ?? error });
}

function wouldDo(bytes: Bytes, options: SourceOptions): boolean {
  try {
    jointGraph(bytes, { ...options, lora: TRY });
    return true;
  } catch {
    return false;
  }
}

const viewOf = (bytes: Bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
