import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../operation/error-code.js';
import type { DotEnv } from './dot-env.js';

/**
 * The `.env` of a folder, for `readSettings`, which decides whether it counts; `undefined` where there is
 * none. One that this user may not read is given with Node's code for it.
 */
export function readDotEnvFile(folder: string): DotEnv | undefined {
  const path = join(folder, '.env');
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { path, text: '', unreadable: errorCode(error) ?? 'unknown reason' };
  }
}
