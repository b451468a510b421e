// The seam to ONNX Runtime. The page has it as WebAssembly in two builds, the command line as a native
// library; above this line they are the same thing.

import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-web';

export type { InferenceSession, Tensor };

/** A file beside the model ("external data"), by the name that the model gives it. */
export interface BesideFile {
  readonly path: string;
  readonly data: Uint8Array | Blob;
}

export interface OrtRuntime {
  /** Where models run, as an experiment names it. Node's CPU library plays the part of wasm. */
  readonly provider: 'wasm' | 'webgpu';
  /** Ours, shared with the kernels; present when tensors stay on the GPU. */
  readonly device?: GPUDevice;
  readonly Tensor: TensorConstructor;
  /**
   * Throws what ONNX Runtime throws. The caller releases the session.
   * @param beside files in which the model keeps weights
   */
  createSession(model: Uint8Array, beside?: readonly BesideFile[]): Promise<InferenceSession>;
  /** Bytes that models can have, where they are in WebAssembly. */
  readonly addressable?: number;
  /** What WebAssembly has by now, where models are in it: never less than before. Bytes. */
  readonly heapBytes?: () => number;
  /** Releases what the runtime holds for itself; sessions must have been released before. */
  dispose(): Promise<void>;
}
