import { createHash } from 'node:crypto';
import type { OpenObject } from './open-object.js';

const CHUNK_BYTES = 64 * 1024;
/** Above this `aws s3 cp` uploads in parts, and S3's ETag is no longer the MD5 of the content. */
const MULTIPART_THRESHOLD_BYTES = 8 * 1024 * 1024;
const MAX_REMEMBERED = 10_000;

/** Makes the ETags of objects as S3 does and remembers them by version, so that a file is hashed once. */
export class EntityTags {
  private readonly remembered = new Map<string, string>();

  /** The ETag in its quotes: MD5 of the content, or a hash of the version for what S3 takes in parts. */
  async of(object: OpenObject): Promise<string> {
    if (object.byteLength > MULTIPART_THRESHOLD_BYTES) {
      const parts = Math.ceil(object.byteLength / MULTIPART_THRESHOLD_BYTES);
      return `"${createHash('md5').update(object.version).digest('hex')}-${parts}"`;
    }
    const known = this.remembered.get(object.version);
    if (known !== undefined) return known;
    const tag = `"${await md5(object)}"`;
    if (this.remembered.size >= MAX_REMEMBERED) {
      for (const oldest of this.remembered.keys()) {
        this.remembered.delete(oldest);
        break;
      }
    }
    this.remembered.set(object.version, tag);
    return tag;
  }
}

async function md5(object: OpenObject): Promise<string> {
  const hash = createHash('md5');
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, object.byteLength));
  for (let position = 0; position < object.byteLength;) {
    const { bytesRead } = await object.handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hash.digest('hex');
}
