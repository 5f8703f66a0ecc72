/** `alice` as people write it. */
export function nameOf(user: string): string {
  return user.slice(0, 1).toUpperCase() + user.slice(1);
}

/** `courses/algebra` as the path of a folder: `/courses/algebra`. */
export function pathOf(prefix: string): string {
  return prefix === '/' ? '/' : `/${prefix}`;
}

/** The time of day, with seconds. */
export function clockTime(atMs: number): string {
  return new Date(atMs).toLocaleTimeString([], { hour12: false });
}
