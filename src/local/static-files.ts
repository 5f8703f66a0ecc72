import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentType } from 'mime-types';

/** One mounted folder or file: its path on the page, and where it lies. */
export interface Mount {
  /** Ends in `/` for a folder. */
  readonly at: string;
  readonly path: string;
}

export interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
}

/** A segment that can neither climb (`..`) nor hide (`.env`). */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

/**
 * The file behind a URL path, read anew each time so that a rebuilt page shows at the next reload.
 * @param mounts the most specific first
 * @returns `null` when there is none
 */
export function findStaticFile(mounts: readonly Mount[], urlPath: string): StaticFile | null {
  const path = urlPath.endsWith('/') ? `${urlPath}index.html` : urlPath;
  for (const mount of mounts) {
    if (!mount.at.endsWith('/')) {
      if (path === mount.at) return read(mount.path);
      continue;
    }
    if (!path.startsWith(mount.at)) continue;
    const segments = path.slice(mount.at.length).split('/');
    return segments.every((segment) => SEGMENT.test(segment)) ? read(join(mount.path, ...segments)) : null;
  }
  return null;
}

function read(file: string): StaticFile | null {
  try {
    return {
      type: contentType(file.slice(file.lastIndexOf('.'))) || 'application/octet-stream',
      body: readFileSync(file),
    };
  } catch {
    return null;
  }
}
