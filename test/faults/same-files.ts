import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files below two folders that only one of them has, or that differ. */
export function differingFiles(one: string, other: string): readonly string[] {
  const names = new Set([...filesBelow(one), ...filesBelow(other)]);
  return [...names].filter((name) => {
    const [first, second] = [one, other].map((folder) => readOrNull(join(folder, name)));
    return first == null || second == null || !first.equals(second);
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
