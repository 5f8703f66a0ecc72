import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SECRET_BYTES = 32;

/**
 * The secret of the demo sign-in, made on first use in `DATA_DIR/demo-sign-in.secret` (mode 0600), so that
 * a restart of the API signs nobody out. Throws when the file exists and is not 32 bytes long.
 */
export async function readOrMakeDemoSecret(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, 'demo-sign-in.secret');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    // `wx`: of two processes that start together one writes, the other reads what it wrote.
    await writeFile(path, randomBytes(SECRET_BYTES), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const secret = await readFile(path);
  if (secret.length !== SECRET_BYTES) {
    throw new Error(
      `Expected ${path} to hold 32 bytes, found ${secret.length}. Delete it; a new one is made.`,
    );
  }
  return secret;
}
