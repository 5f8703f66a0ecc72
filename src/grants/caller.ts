import { isViewerId, type Viewer } from '../authentication/viewer.js';
import { Problem } from '../http/problems/problem.js';

/**
 * Who asks for a grant. `id` was read once, when the viewer port answered: what a port does to its own object
 * later changes neither the record nor the cookies.
 */
export interface Caller {
  readonly id: string;
  /** The very object that the viewer port gave, for `mayOpen` and `unexpired`. */
  readonly viewer: Viewer;
}

/**
 * Takes the answer of the viewer port; gives the caller.
 * @throws {Problem} `token_missing` for `null` and `undefined`
 * @throws {TypeError} for anything else that is no viewer with a usable id: a mistake of the host's own code
 */
export function callerOf(viewer: Viewer | null | undefined): Caller {
  if (viewer === null || viewer === undefined) throw new Problem('token_missing', { reason: 'no_viewer' });
  const id: unknown = viewer.id;
  if (!isViewerId(id)) {
    throw new TypeError(
      'viewer.read(request) must give null or an object whose id is a non-empty string of at most 256 bytes ' +
        `without control characters; its id is ${kindOf(id)}`,
    );
  }
  return { id, viewer };
}

/** What was found, without repeating it: an id belongs to a person. */
function kindOf(id: unknown): string {
  if (id === '') return 'empty';
  if (typeof id === 'string') return 'a longer string, or one with control characters';
  return id === undefined ? 'absent' : `of type ${typeof id}`;
}
