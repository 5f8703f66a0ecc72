import { constants, realpath, type BigIntStats } from 'node:fs';
import { open, readlink, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../error-code.js';

const realPath = promisify(realpath.native);

/** An object of the bucket, open for reading. The holder closes it. */
export interface OpenObject {
  readonly handle: FileHandle;
  readonly byteLength: number;
  readonly lastModifiedEpochSeconds: number;
  /** Changes whenever the file is replaced, written to or touched. */
  readonly version: string;
}

/** Why there is nothing to serve: one word for the edge's own log. */
export interface AbsentObject {
  readonly absent: 'no-such-file' | 'not-a-regular-file' | 'symbolic-link' | 'bucket-policy';
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Opens a regular file below the folder, once, and serves only what that very descriptor shows. Absent are
 * directories and special files, and whatever a symbolic link leads to, inside the folder or out of it
 * (E26, E31).
 */
export async function openObject(
  folder: string,
  segments: readonly string[],
): Promise<OpenObject | AbsentObject> {
  const path = join(folder, ...segments);
  const handle = await openForReading(path);
  if ('absent' in handle) return handle;
  let absent: AbsentObject['absent'] = 'not-a-regular-file';
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile()) {
      if ((await shownPath(handle, path, stats)) === path) return describe(handle, stats);
      absent = 'symbolic-link';
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return { absent };
}

/** Says whether the file still is what was opened: same content, still in the folder (E37). */
async function isUnchanged(object: OpenObject): Promise<boolean> {
  const stats = await object.handle.stat({ bigint: true });
  return stats.nlink > 0n && versionOf(stats) === object.version;
}

async function openForReading(path: string): Promise<FileHandle | AbsentObject> {
  try {
    // Without O_NONBLOCK a FIFO in the folder would hold the open until somebody writes to it.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ELOOP') return { absent: 'symbolic-link' };
    if (isAbsence(error)) return { absent: 'no-such-file' };
    throw error;
  }
}

/** The path that the descriptor really has; the directories on the way may have been links. */
async function shownPath(handle: FileHandle, path: string, stats: BigIntStats): Promise<string | null> {
  try {
    if (process.platform === 'linux') return await readlink(`/proc/self/fd/${handle.fd}`);
    const real = await realPath(path);
    const there = await stat(real, { bigint: true });
    return there.ino === stats.ino && there.dev === stats.dev ? real : null;
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

function describe(handle: FileHandle, stats: BigIntStats): OpenObject {
  return {
    handle,
    byteLength: Number(stats.size),
    lastModifiedEpochSeconds: Number(stats.mtimeNs / 1_000_000_000n),
    version: versionOf(stats),
  };
}

function versionOf(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(':');
}

/** Errors that mean "no object of that name" and no fault of the folder. */
function isAbsence(error: unknown): boolean {
  const codes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ENXIO', 'EINVAL'];
  return codes.includes(errorCode(error));
}

/** The file changed while it was sent: the answer must not look complete (E37). */
export class ObjectChanged extends Error {
  override readonly name = 'ObjectChanged';
}

/**
 * Reads bytes of an open object, chunk by chunk. The last chunk is handed out only after the file proved
 * to be what was opened; otherwise this throws {@link ObjectChanged}.
 */
export async function* readObject(
  object: OpenObject,
  firstByte: number,
  byteLength: number,
): AsyncGenerator<Buffer> {
  let sent = 0;
  while (sent < byteLength) {
    const wanted = Math.min(CHUNK_BYTES, byteLength - sent);
    const chunk = Buffer.allocUnsafe(wanted);
    const { bytesRead } = await object.handle.read(chunk, 0, wanted, firstByte + sent);
    if (bytesRead === 0) throw new ObjectChanged('the file became shorter');
    sent += bytesRead;
    if (sent === byteLength && !(await isUnchanged(object))) {
      throw new ObjectChanged('the file was changed or removed');
    }
    yield chunk.subarray(0, bytesRead);
  }
}
