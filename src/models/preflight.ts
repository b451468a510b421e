// What can be done with a checkpoint on this machine, from its files alone: no session is made, nothing is run. What is
// found here is what would otherwise fail at the first pass, or not at all but with wrong numbers.

import { UserError } from '../core/errors.ts';
import type { MemoryNeed, Preflight, Verdict } from '../core/preflight.ts';
import type { OnnxSummary } from '../onnx/summary.ts';
import { FOUR_GIB, gigabytes, LOADING } from './addressable.ts';
import { type Signature, slotBytes } from './signature.ts';
import { mappingOf, signatureOf } from './signatureOf.ts';
import { QUANTISED, withoutGradient } from './untrainable.ts';

/** What a machine can do, as far as it matters here. */
export interface Machine {
  /** Absent without a usable GPU; `whyNoGpu` says why. */
  readonly gpu?: {
    readonly f16: boolean;
    /** Largest buffer and largest binding. Bytes. */
    readonly maxBufferSize: number;
    readonly maxStorageBufferBindingSize: number;
  };
  readonly whyNoGpu?: string;
  /** What WebAssembly can address. Bytes. */
  readonly addressable?: number;
}

/** Measured with ONNX Runtime Web 1.30: the processor has no kernel for these, the GPU has. */
const NOT_ON_CPU = new Set(['com.microsoft.GatherBlockQuantized']);
/** Operator sets that ONNX Runtime 1.30 knows. */
const NEWEST_OPSET = 26;
const DOMAINS = new Set([
  '',
  'ai.onnx',
  'ai.onnx.ml',
  'com.microsoft',
  'com.microsoft.nchwc',
  'com.microsoft.experimental',
]);

const YES: Verdict = { can: true, why: '' };
const no = (why: string, operators?: readonly string[]): Verdict => ({
  can: false,
  why,
  ...(operators && { operators }),
});

/** What a checkpoint says beside its graph. */
export interface CheckpointFacts {
  readonly name: string;
  readonly contextLength: number;
}

/**
 * @param tried what building the training graph came to, where it was tried: undefined for success
 * @param own usual name -> name in the file, of inputs and outputs that are called otherwise there
 */
export function preflight(
  { name, contextLength }: CheckpointFacts,
  summary: OnnxSummary,
  machine: Machine,
  tried: { readonly fully?: UserError; readonly lora?: UserError } = {},
  own: ReadonlyMap<string, string> = new Map(),
): Omit<Preflight, 'joins' | 'measured'> {
  let signature: Signature | undefined;
  let refused: Verdict | undefined = foreign(summary);
  try {
    signature = signatureOf(name, summary);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    refused ??= no(`${error.message} ${error.remedy}`);
  }
  const memory = memoryOf(summary, signature, contextLength);
  return {
    gpu: refused ?? onGpu(summary, machine),
    cpu: refused ?? onCpu(summary, machine, memory),
    trainFully: refused ?? trainFully(summary, tried.fully),
    trainWithLora: refused ?? trainLora(summary, tried.lora),
    memory,
    had: {
      addressable: machine.addressable ?? FOUR_GIB,
      ...(machine.gpu && { onePiece: onePieceOf(machine.gpu) }),
    },
    mapping: mappingOf(summary, signature, own),
  };
}

const list = (names: readonly string[]): string =>
  names.length <= 4
    ? names.join(', ')
    : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;

/** What no provider of ONNX Runtime knows. */
function foreign({ opsets, operators }: OnnxSummary): Verdict | undefined {
  const strange = Object.keys(opsets).filter((domain) => !DOMAINS.has(domain));
  const used = operators
    .map(({ op }) => op)
    .filter((op) => strange.some((domain) => op.startsWith(`${domain}.`)));
  if (used.length > 0) {
    return no(
      `ONNX Runtime does not have the operators ${list(used)}. Export the model without custom operators.`,
      used,
    );
  }
  const version = opsets[''] ?? 0;
  if (version > NEWEST_OPSET) {
    return no(
      `It uses operator set ${version}; ONNX Runtime here knows sets up to ${NEWEST_OPSET}. Export it with an older set.`,
    );
  }
  return undefined;
}

const onePieceOf = (gpu: NonNullable<Machine['gpu']>): number =>
  Math.min(gpu.maxBufferSize, gpu.maxStorageBufferBindingSize);

function onGpu({ half, weights }: OnnxSummary, { gpu, whyNoGpu }: Machine): Verdict {
  if (!gpu) return no(whyNoGpu ?? 'There is no usable GPU here.');
  if (half && !gpu.f16) {
    return no(
      'It computes in float16, and this GPU does not offer shader-f16: use the float32 or a quantised export (model.onnx, model_q4.onnx), or run it on the processor.',
    );
  }
  const most = onePieceOf(gpu);
  const largest = weights.reduce((max, one) => (one.bytes > max.bytes ? one : max), {
    name: '',
    bytes: 0,
  });
  if (largest.bytes > most) {
    return no(
      `The weight ${largest.name} has ${gigabytes(largest.bytes)}; this GPU takes at most ${gigabytes(most)} in one piece. Use a quantised export.`,
    );
  }
  return YES;
}

function onCpu({ operators }: OnnxSummary, machine: Machine, { run, load }: MemoryNeed): Verdict {
  const missing = operators.map(({ op }) => op).filter((op) => NOT_ON_CPU.has(op));
  if (missing.length > 0) {
    return no(
      `The processor has no ${list(missing)}: run it on a GPU, or use another export.`,
      missing,
    );
  }
  const most = machine.addressable ?? FOUR_GIB;
  if (load > most) {
    return no(
      `It needs up to ${gigabytes(load)} while it is loaded; WebAssembly can address ${gigabytes(most)}. Use a quantised export, or a GPU.`,
    );
  }
  if (run > most) {
    return no(
      `It needs ${gigabytes(run)}; WebAssembly can address ${gigabytes(most)}. Use a quantised export, or a GPU.`,
    );
  }
  return YES;
}

function trainFully(summary: OnnxSummary, tried: UserError | undefined): Verdict {
  if (summary.operators.some(({ op }) => op === QUANTISED)) {
    return no(
      'Its matrices are quantised, and integers have no gradient: train it with LoRA, or use the float32 export.',
      [QUANTISED],
    );
  }
  return differentiable(summary, tried);
}

function trainLora(summary: OnnxSummary, tried: UserError | undefined): Verdict {
  return differentiable(summary, tried);
}

function differentiable(summary: OnnxSummary, tried: UserError | undefined): Verdict {
  const unknown = withoutGradient(summary.operators.map(({ op }) => op));
  if (unknown.length > 0) {
    return no(
      `There is no gradient for ${list(unknown)}: export the model with plain attention and without these.`,
      unknown,
    );
  }
  return tried ? no(`${tried.message} ${tried.remedy}`) : YES;
}

const FLOATS = new Set(['float32', 'float16']);

function memoryOf(
  summary: OnnxSummary,
  signature: Signature | undefined,
  context: number,
): MemoryNeed {
  const weights = summary.weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const cachePerToken = (signature?.caches ?? []).reduce((sum, slot) => sum + slotBytes(slot), 0);
  const cacheFull = cachePerToken * context;
  const trained = summary.weights
    .filter(({ kind, type }) => kind !== 'other' && FLOATS.has(type))
    .reduce((sum, { numbers }) => sum + numbers, 0);
  return {
    weights,
    cachePerToken,
    cacheFull,
    run: weights + cacheFull,
    load: LOADING * weights,
    // Weight, gradient, two moments, and the copy that `undo` goes back to.
    trainFully: 4 * trained * 7,
    trainWithLora: summary.half ? 2 * weights : weights,
  };
}
