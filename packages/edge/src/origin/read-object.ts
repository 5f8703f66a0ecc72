import { isUnchanged, type OpenObject } from './open-object.js';

const CHUNK_BYTES = 64 * 1024;

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
