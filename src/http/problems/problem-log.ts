import type { LoggerService } from '@nestjs/common';
import type { Problem } from './problem.js';

/** What the log keeps of an error: never its other members, which may hold a body, a query or a setting. */
export interface LoggedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** One log entry. A refusal keeps its reason only; a failure keeps the errors behind it, where there are any. */
export interface ProblemLogEntry {
  readonly msg: string;
  readonly requestId: string;
  readonly code: string;
  readonly reason: string;
  readonly error?: LoggedError;
}

const DEEPEST_CAUSE = 4;

export function problemLogEntry(problem: Problem, requestId: string): ProblemLogEntry {
  const isFailure = problem.status >= 500;
  // A 503 without a cause was our own decision: its trace would be of the line that decided, each time.
  const error = problem.cause ?? (problem.status === 503 ? undefined : problem);
  return {
    msg: isFailure ? 'request failed' : 'request refused',
    requestId,
    code: problem.code,
    reason: problem.reason,
    ...(isFailure && error !== undefined ? { error: loggedError(error) } : {}),
  };
}

/** Writes the line of a problem, as loud as it is bad: `debug` where its state was logged when it changed. */
export function logProblem(
  logger: Pick<LoggerService, 'error' | 'warn' | 'log'> & { debug?(message: unknown): void },
  problem: Problem,
  requestId: string,
): void {
  const entry = problemLogEntry(problem, requestId);
  if (problem.isLoggedByState) logger.debug?.(entry);
  else if (problem.status < 500) logger.log(entry);
  else if (problem.status === 503) logger.warn(entry);
  else logger.error(entry);
}

/** An error as the log may keep it. */
export function loggedError(error: unknown, deepest = DEEPEST_CAUSE): LoggedError {
  if (!(error instanceof Error))
    return { name: typeof error, message: 'something other than an Error was thrown' };
  return {
    name: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || deepest === 0 ? {} : { cause: loggedError(error.cause, deepest - 1) }),
  };
}
