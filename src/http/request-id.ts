import { randomUUID } from 'node:crypto';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const minted = new WeakMap<object, string>();

/**
 * The id under which a request stands in the log and in its problem's `instance`: the UUID that the
 * logger gave it (`request.id`), else one made here, the same for every later call.
 */
export function requestIdOf(request: object): string {
  if ('id' in request && isUuid(request.id)) return request.id;
  const known = minted.get(request);
  if (known !== undefined) return known;
  const id = randomUUID();
  minted.set(request, id);
  return id;
}

/** Whether a value is the text of a UUID, of any version. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
