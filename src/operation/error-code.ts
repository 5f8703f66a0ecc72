/**
 * The machine-readable code that Node, a driver or a library gave an error: `ENOTFOUND`, `SQLITE_BUSY`, `28P01`.
 * `null` where there is none.
 * @param error whatever was thrown
 */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' && error.code !== '' ? error.code : null;
}
