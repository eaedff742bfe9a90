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
