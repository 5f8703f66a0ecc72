import { readFileSync } from 'node:fs';
import { formatProblems, type SettingsProblem } from '../settings/settings-problem.js';

/**
 * Why a start failed, in lines for the operator. An error of a kind that nobody planned for keeps its
 * stack: it is our bug, and the trace is what a report needs.
 */
export function describeStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return `edgepass could not start: ${String(error)}`;
  const absent = absentPackage(error);
  if (absent !== null) {
    return `edgepass start: expected the package ${absent}; found it is not installed (a host of the module does not need it); run: npm install --save-dev ${optionalPeers().join(' ')}`;
  }
  if (hasProblems(error)) return formatProblems(error.problems);
  const isOurs = ['LocalProblem', 'DatabaseOpenError', 'KeySourceError'].includes(error.name);
  if (isOurs) return error.message;
  return `edgepass could not start, and did not expect this: ${error.stack ?? error.message}`;
}

function hasProblems(error: Error): error is Error & { readonly problems: readonly SettingsProblem[] } {
  return 'problems' in error && Array.isArray(error.problems);
}

/** The name in Node's "Cannot find package 'x' imported from …", or null. */
function absentPackage(error: Error): string | null {
  if (!('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return null;
  return /^Cannot find package '([^']+)'/.exec(error.message)?.[1] ?? null;
}

/** What the local stack needs beyond the module, all at once. */
function optionalPeers(): readonly string[] {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest = JSON.parse(text) as { peerDependenciesMeta: Record<string, { optional?: boolean }> };
  return Object.entries(manifest.peerDependenciesMeta).flatMap(([name, { optional }]) =>
    optional === true ? [name] : [],
  );
}
