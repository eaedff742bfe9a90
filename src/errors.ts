/** One error class for everything a user can meet: what happened, the value, how to mend it. */

export type ErrorCode =
  | "invalid-input"
  | "no-adapter"
  | "device-lost"
  | "disposed"
  | "compile"
  | "limit"
  | "out-of-memory"
  | "validation"
  | "not-finite";

export class SaltationError extends Error {
  override readonly name = "SaltationError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What every call says once its engine was disposed. */
export const disposedError = (): SaltationError =>
  new SaltationError("disposed", "this engine was disposed; create a new one with Engine.create()");
