import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LocalProblem, systemCode } from './problem.js';

/** Any one of these shows that a folder is edgepass's own. */
const OUR_NAMES = [
  'tls',
  'signing',
  'media',
  'distribution',
  'edgepass.lock',
  'edgepass.sqlite',
  'demo-sign-in.secret',
];

/**
 * Makes DATA_DIR ready: there, writable, and closed to other users (0700), because keys lie in it.
 * A folder with somebody else's files in it is left alone.
 * @returns its absolute path
 * @throws LocalProblem one line
 */
export function prepareDataFolder(dataDir: string): string {
  const folder = resolve(dataDir);
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made === undefined) adopt(folder);
    const probe = join(folder, `.writable-${process.pid}`);
    writeFileSync(probe, '', { flag: 'wx', mode: 0o600 });
    rmSync(probe);
  } catch (error) {
    if (error instanceof LocalProblem) throw error;
    const code = systemCode(error);
    throw new LocalProblem(
      `DATA_DIR: expected a folder that this user can write; found ${folder} (${code === '' ? String(error) : code}); ` +
        'change its owner, or set DATA_DIR to another folder',
    );
  }
  return folder;
}

function adopt(folder: string): void {
  const names = readdirSync(folder);
  if (names.length > 0 && !names.some((name) => OUR_NAMES.includes(name))) {
    throw new LocalProblem(
      `DATA_DIR: expected a folder of edgepass's own; found ${folder} with other files in it; ` +
        'set DATA_DIR to a folder that is empty or does not exist',
    );
  }
  // Windows has no such bits: there the folder inherits the rights of the user's own.
  if (process.platform !== 'win32' && (lstatSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
}
