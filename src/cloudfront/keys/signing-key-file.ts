import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CloudFrontFault, FieldNames } from '../fault.js';
import { loadSigningKey, type SigningKey } from './signing-key.js';

export interface SigningKeyFile {
  readonly path: string;
  /** The id that was set; `null` where the file itself begins with `Key-Pair-Id: K…`. */
  readonly keyPairId: string | null;
  readonly environment: 'production' | 'development' | 'test';
  /** For the sentences. */
  readonly names: FieldNames;
}

type Fault = { readonly fault: CloudFrontFault };
type Text = { readonly text: string; readonly warnings: readonly string[] };

// The largest form, base64 of a PKCS#8 PEM with CRLF, stays below 4 KB.
const MAX_BYTES = 65_536;
const OTHERS_MAY_READ = 0o004;
const GROUP_OR_OTHERS_MAY_WRITE = 0o022;
const ANYBODY_MAY_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Reads a key file, once, and gives the key parsed, or the fault.
 * Never hangs on a FIFO or device. A file that everybody may read, or more than its owner may write, is a
 * fault in production, elsewhere a warning. The group may read: Kubernetes hands secrets to a pod's
 * fsGroup with mode 0440.
 */
export function loadSigningKeyFile(
  file: SigningKeyFile,
): { readonly key: SigningKey; readonly warnings: readonly string[] } | Fault {
  const read = readText(file);
  if ('fault' in read) return read;
  const loaded = loadSigningKey({ ...file, text: read.text, file: file.path });
  return 'fault' in loaded ? loaded : { key: loaded.key, warnings: read.warnings };
}

function readText({ path, environment, names }: SigningKeyFile): Text | Fault {
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
    const exposures = exposuresOf(path, status.mode, names);
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
  names: FieldNames,
): readonly { readonly found: string; readonly todo: string }[] {
  // Windows reports modes that say nothing about who may read.
  if (process.platform === 'win32') return [];
  const exposures: { found: string; todo: string }[] = [];
  const reach = [
    ...((mode & OTHERS_MAY_READ) === 0 ? [] : ['every user may read the key']),
    ...((mode & GROUP_OR_OTHERS_MAY_WRITE) === 0 ? [] : ['other users may replace it']),
  ];
  if (reach.length > 0) {
    exposures.push({
      found: `mode ${(mode & 0o777).toString(8).padStart(4, '0')}: ${reach.join(', and ')}`,
      todo: `run: chmod 600 ${path} (in a Kubernetes secret volume: defaultMode: 0400), or give the key as ${names.privateKey} instead of a file`,
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
      return ['no such file', 'make one with: edgepass keys ecdsa --out FILE'];
    case 'EACCES':
    case 'EPERM':
      return [
        'a file that this user may not read',
        'give the file to the user that runs edgepass: chown (in Kubernetes: set fsGroup)',
      ];
    case 'ENXIO':
      return ['a FIFO, socket or device', 'name a regular file'];
    default:
      return [`a file that cannot be opened (${code})`, 'name a readable regular file'];
  }
}

function refuse(path: string, found: string, todo: string): Fault {
  return {
    fault: {
      field: 'privateKeyFile',
      expected: 'a regular file with the PEM of the private key, for its owner and at most its group to read',
      found: `${path}: ${found}`,
      todo,
    },
  };
}
