// One kind of failure that a person is meant to read: what was found, what was expected, what to do.
// Everything else that is thrown is a defect of ours and is shown as such.

/** Stable names, so that tests and the page can tell failures apart without reading their text. */
export const USER_ERROR_CODES = [
  'link',
  'experiment',
  'checkpoint',
  'onnx',
  'tokenizer',
  'vocabulary',
  'prompt',
  'context',
  'logits',
  'data',
  'run',
  'storage',
  'gpu',
  'timeout',
  'runtime',
] as const;
export type UserErrorCode = (typeof USER_ERROR_CODES)[number];

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode;
  /** What to do about it, one or two sentences. */
  readonly remedy: string;

  constructor(code: UserErrorCode, found: string, remedy: string, options?: { cause?: unknown }) {
    super(found, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** A failure in a form that can cross a worker's border and be shown as it is. */
export interface Failure {
  readonly code: UserErrorCode | 'internal';
  readonly message: string;
  readonly remedy: string;
  /** Raw text for a bug report; never file contents. */
  readonly details?: string;
}

export function toFailure(error: unknown): Failure {
  if (error instanceof UserError) {
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    return {
      code: error.code,
      message: error.message,
      remedy: error.remedy,
      ...(cause === undefined ? {} : { details: cause }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    code: 'internal',
    message: `internal: ${message}`,
    remedy: 'This is a defect of Tandem. Copy the details into a bug report; Reset continues.',
    ...(stack === undefined ? {} : { details: stack }),
  };
}
