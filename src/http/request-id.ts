import { randomUUID } from 'node:crypto';
import { validate as isUuid } from 'uuid';

const minted = new WeakMap<object, string>();

/**
 * The id under which a request stands in the log and in its problem's `instance`: the UUID that the
 * logger gave it (`request.id`), else one made here, the same for every later call.
 */
export function requestIdOf(request: object): string {
  if ('id' in request && isUuid(request.id)) return request.id as string;
  const known = minted.get(request);
  if (known !== undefined) return known;
  const id = randomUUID();
  minted.set(request, id);
  return id;
}
