import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DotEnv } from './dot-env.js';

/**
 * The `.env` of a folder, for `readSettings`, which decides whether it counts; `undefined` where there is
 * none. Throws Node's own error where it cannot be read.
 */
export function readDotEnvFile(folder: string): DotEnv | undefined {
  const path = join(folder, '.env');
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? { path, text: readFileSync(path, 'utf8') } : undefined;
}
