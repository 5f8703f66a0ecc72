/** The code of a system error, such as `ENOENT`; `''` for anything else that was thrown. */
export function errorCode(error: unknown): string {
  // Not instanceof: jest runs tests in a realm of its own, where errors of Node are foreign.
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
