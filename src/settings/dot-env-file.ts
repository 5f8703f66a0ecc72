import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DotEnv } from './dot-env.js';

/** The `.env` of a folder, for {@link readSettings}, which decides whether it counts; `undefined` where there is none. */
export function readDotEnvFile(folder: string): DotEnv | undefined {
  const path = join(folder, '.env');
  return existsSync(path) ? { path, text: readFileSync(path, 'utf8') } : undefined;
}
