import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** For NODE_OPTIONS of what runs with linked packages: they then find each other where they are linked, as installed ones do. */
export const LINKED_PACKAGES = '--preserve-symlinks';

/**
 * Puts a package of this repository's node_modules where an installation would: as a link, which takes a hundredth of
 * the work. A package inside of another comes with that one.
 * @param place as a lock file names it: `node_modules/kysely`
 */
export function linkPackage(repository: string, place: string, folder: string): void {
  const target = join(folder, place);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(repository, place), target);
}
