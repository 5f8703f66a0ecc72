/** Whether objects and arrays lie deeper in each other than `limit`. Without recursion: the input decides the depth (M03). */
export function nestsDeeperThan(value: unknown, limit: number): boolean {
  let level = containers([value]);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === limit) return true;
    level = containers(level.flatMap((container) => Object.values(container) as unknown[]));
  }
  return false;
}

function containers(values: readonly unknown[]): object[] {
  return values.filter((value) => typeof value === 'object' && value !== null);
}

/**
 * How many members a valid JSON text writes, and how many of them survived in its value: fewer survive
 * exactly when an object, at any depth, names a member twice, because the later one replaces the earlier.
 */
export function countMembers(text: string, value: object): { written: number; kept: number } {
  // Outside of strings a colon stands only between a member's name and its value.
  const written = (text.match(/"(?:[^"\\]|\\.)*"|:/g) ?? []).filter((token) => token === ':').length;
  let kept = 0;
  for (let level = [value]; level.length > 0;) {
    for (const container of level) if (!Array.isArray(container)) kept += Object.keys(container).length;
    level = containers(level.flatMap((container) => Object.values(container) as unknown[]));
  }
  return { written, kept };
}
