import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SigningKeyProblem } from './signing-key.js';

export type SigningKeyFileResult =
  { readonly text: string; readonly warnings: readonly string[] } | { readonly problem: SigningKeyProblem };

// The largest form, base64 of a PKCS#8 PEM with CRLF, stays below 4 KB.
const MAX_BYTES = 65_536;
const OTHERS_MAY_ACCESS = 0o077;
const ANYBODY_MAY_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Takes the path of a key file; gives its text for loadSigningKey (with `origin: path`), or the problem.
 * Never hangs on a FIFO or device. A file that others may read is a problem in production, elsewhere a warning.
 */
export function readSigningKeyFile(
  path: string,
  environment: 'production' | 'development' | 'test',
): SigningKeyFileResult {
  let descriptor: number;
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to would block the start for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    return refuse(path, ...openFailure(error));
  }
  try {
    // Asked of the open file, not of the path: what is checked is what is read.
    const status = fstatSync(descriptor);
    if (status.isDirectory()) return refuse(path, 'a directory', 'name the file inside it');
    if (!status.isFile()) return refuse(path, 'a FIFO, socket or device', 'name a regular file');
    if (status.size > MAX_BYTES)
      return refuse(path, `${status.size} bytes`, 'name the file that holds the PEM alone');
    const exposures = exposuresOf(path, status.mode);
    const [exposure] = exposures;
    if (exposure !== undefined && environment === 'production')
      return refuse(path, exposure.found, exposure.todo);
    return {
      text: readFileSync(descriptor, 'utf8'),
      warnings: exposures.map(({ found, todo }) => `${path}: found ${found}; ${todo}`),
    };
  } finally {
    closeSync(descriptor);
  }
}

function exposuresOf(
  path: string,
  mode: number,
): readonly { readonly found: string; readonly todo: string }[] {
  // Windows reports modes that say nothing about who may read.
  if (process.platform === 'win32') return [];
  const exposures: { found: string; todo: string }[] = [];
  if ((mode & OTHERS_MAY_ACCESS) !== 0) {
    exposures.push({
      found: `mode ${(mode & 0o777).toString(8).padStart(4, '0')}, which lets other users at the key`,
      todo: `run: chmod 600 ${path}`,
    });
  }
  const folder = dirname(path);
  const folderMode = statSync(folder).mode;
  if ((folderMode & ANYBODY_MAY_WRITE) !== 0 && (folderMode & STICKY) === 0) {
    exposures.push({
      found: `a directory around it that anybody may write to, and so replace the key`,
      todo: `run: chmod o-w ${folder}`,
    });
  }
  return exposures;
}

function openFailure(error: unknown): readonly [found: string, todo: string] {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return ['no such file', 'make one with: edgepass keys rsa --out FILE'];
    case 'EACCES':
    case 'EPERM':
      return ['a file that this user may not read', 'give the file to the user that runs edgepass: chown'];
    case 'ENXIO':
      return ['a FIFO, socket or device', 'name a regular file'];
    default:
      return [`a file that cannot be opened (${code})`, 'name a readable regular file'];
  }
}

function refuse(path: string, found: string, todo: string): { readonly problem: SigningKeyProblem } {
  return {
    problem: {
      setting: 'CLOUDFRONT_PRIVATE_KEY_FILE',
      expected: 'a regular file that only its owner may read, holding the PEM of the private key',
      found: `${path}: ${found}`,
      todo,
    },
  };
}
