/** Why the local stack did not start, in words for the person at the terminal: the message is printed as it is. */
export class LocalProblem extends Error {
  override readonly name = 'LocalProblem';
}

/** The `code` of a system error (`EACCES`), or `''`. */
export function systemCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
