import { formatProblems, type SettingsProblem } from '../settings/settings-problem.js';

/**
 * Why a start failed, in lines for the operator. An unforeseen error keeps its
 * stack: it is our bug, and the trace is what a report needs.
 */
export function describeStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return `edgepass could not start: ${String(error)}`;
  if (hasProblems(error)) return formatProblems(error.problems);
  const isOurs = ['LocalProblem', 'DatabaseOpenError', 'KeySourceError'].includes(error.name);
  if (isOurs) return error.message;
  return `edgepass could not start, and did not expect this: ${error.stack ?? error.message}`;
}

function hasProblems(error: Error): error is Error & { readonly problems: readonly SettingsProblem[] } {
  return 'problems' in error && Array.isArray(error.problems);
}
