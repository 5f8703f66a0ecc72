import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';

/** What a {@link Problem} may carry beside its code. */
export interface ProblemOptions {
  /** For the caller: what was expected and what to do. Never a secret, never the input itself. */
  readonly detail?: string;
  /** For the operator: one machine-readable word that says which check refused. Goes to the log only. */
  readonly reason?: string;
  /** Seconds until a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Extra response headers that the status demands: `Allow`, `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The state behind it was logged when it changed: an answer is a line at `debug` only. */
  readonly isLoggedByState?: boolean;
  readonly cause?: unknown;
}

/**
 * A refusal or failure with a code of the closed list. The problem filter alone makes an HTTP answer of it.
 * @example throw new Problem('token_expired', { detail: 'Sign in again.' })
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly detail: string | undefined;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly isLoggedByState: boolean;

  constructor(
    readonly code: ProblemCode,
    options: ProblemOptions = {},
  ) {
    super(options.detail ?? PROBLEM_CODES[code].title, { cause: options.cause });
    this.detail = options.detail;
    this.reason = options.reason ?? code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers ?? {};
    this.isLoggedByState = options.isLoggedByState ?? false;
  }

  get status(): number {
    return PROBLEM_CODES[this.code].status;
  }
}
