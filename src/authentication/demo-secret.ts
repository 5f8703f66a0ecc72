import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../operation/error-code.js';

const SECRET_BYTES = 32;

/**
 * The secret of the demo sign-in, made on first use in `DATA_DIR/demo-sign-in.secret` (mode 0600), so that
 * callers stay signed in when the API restarts. Throws when the file exists and is not 32 bytes long.
 */
export async function readOrMakeDemoSecret(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, 'demo-sign-in.secret');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const secret = (await read(path)) ?? (await make(path));
  if (secret.length !== SECRET_BYTES) {
    throw new Error(
      `Expected ${path} to hold 32 bytes, found ${secret.length}. Delete it; a new one is made.`,
    );
  }
  return secret;
}

async function read(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Of two processes that start together one names its file, whole; the other reads what is in it. */
async function make(path: string): Promise<Uint8Array> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, randomBytes(SECRET_BYTES), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(path);
}
