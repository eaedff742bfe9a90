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
  /**
   * Path of the input that is at fault, with which the message begins: `network.weights`, `trainable[0].bounds`. Absent
   * where the fault is of no one input.
   */
  declare readonly field?: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly field?: string },
  ) {
    super(message, options);
    if (options?.field) this.field = options.field;
  }
}

/** The same error at another field: what was said of `from`, or a part of it, is said of `field`. */
export function movedTo(field: string, from: string, error: unknown): unknown {
  if (!(error instanceof SaltationError && error.field?.startsWith(from))) return error;
  const moved = (text: string): string => field + text.slice(from.length);
  return new SaltationError(error.code, moved(error.message), { field: moved(error.field) });
}

/** What every call says once its engine was disposed. */
export const disposedError = (): SaltationError =>
  new SaltationError("disposed", "this engine was disposed; create a new one with Engine.create()");
