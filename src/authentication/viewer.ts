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
