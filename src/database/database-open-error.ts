import { errorCode } from '../operation/error-code.js';

/** The database could not be opened; the message is one line for the operator. */
export class DatabaseOpenError extends Error {
  override readonly name = 'DatabaseOpenError';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** The machine-readable part of what a driver threw: a code where it has one. Never an address or a password. */
export function codeOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return errorCode(error) ?? (typeof message === 'string' ? message : 'unknown reason');
}
