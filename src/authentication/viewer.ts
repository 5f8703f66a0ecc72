import { Problem } from '../http/problems/problem.js';

/** Longest id of a viewer and name of a group: both end up in rows, logs and URLs. */
const MAX_NAME_BYTES = 256;
/**
 * C0, DEL and C1: PostgreSQL refuses NUL in a text, and the others could forge lines of a log. Lone
 * surrogates: every one of them becomes the same U+FFFD in UTF-8, so two callers would become one.
 */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

/** Who is asking: what grants and entitlements need of the caller, and nothing of how they signed in. */
export interface Viewer {
  /** The caller's id, as the sign-in system spells it. Compared byte for byte. */
  readonly id: string;
  /** Names of the groups the caller is in, each compared whole. */
  readonly groups: readonly string[];
}

/** Whether a value can be the id of a viewer: a non-empty string of at most 256 bytes without control characters. */
export function isViewerId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    Buffer.byteLength(value, 'utf8') <= MAX_NAME_BYTES &&
    !UNSTORABLE.test(value)
  );
}

/** Whether a value can be the name of a group: the rule of viewer ids. */
export const isGroupName = isViewerId;

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
