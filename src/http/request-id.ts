import { randomUUID } from 'node:crypto';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** On the request itself: a WeakMap costs the garbage collector more than a refused request costs otherwise. */
const MINTED = Symbol('edgepass.request-id');

/**
 * The id under which a request stands in the log and in its problem's `instance`: the UUID that the
 * logger gave it (`request.id`), else one made here, the same for every later call.
 */
export function requestIdOf(request: object): string {
  if ('id' in request && isUuid(request.id)) return request.id;
  const minting = request as { [MINTED]?: string };
  return (minting[MINTED] ??= randomUUID());
}

/** Whether a value is the text of a UUID, of any version. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
