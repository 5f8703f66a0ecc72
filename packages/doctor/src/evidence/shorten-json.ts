import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;
/** A cookie has 4 KB, a header rarely more than 32: what is longer is the body of an answer. */
const LONGEST_TEXT_BYTES = 64 * 1024;
/** What is left of a HAR without its bodies: some 30,000 requests. */
const MOST_BYTES = 64 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a JSON file without its long texts: each becomes empty. A recording of a video holds hundreds of megabytes of
 * bodies that nobody asks about, and JSON.parse would keep them all.
 *
 * @returns null when more than 64 MiB are left
 * @throws what the file system says of the file
 */
export function readShortened(path: string): string | null {
  const file = openSync(path, 'r');
  try {
    let out = Buffer.allocUnsafe(CHUNK_BYTES);
    let length = 0;
    /** Where in `out` the text begins that is being read; -1 outside of one. */
    let textStart = -1;
    let isEscaped = false;
    let isDropped = false;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const read = readSync(file, chunk, 0, CHUNK_BYTES, null);
      if (read === 0) break;
      if (out.length < length + read) {
        const larger = Buffer.allocUnsafe(Math.max(out.length * 2, length + read));
        out.copy(larger, 0, 0, length);
        out = larger;
      }
      for (let index = 0; index < read; index += 1) {
        const byte = chunk[index] ?? 0;
        if (textStart === -1) {
          out[length++] = byte;
          if (byte === QUOTE) textStart = length;
          continue;
        }
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) {
          out[length++] = byte;
          textStart = -1;
          isDropped = false;
          continue;
        }
        if (isDropped) continue;
        out[length++] = byte;
        if (length - textStart > LONGEST_TEXT_BYTES) {
          length = textStart;
          isDropped = true;
        }
      }
      if (length > MOST_BYTES) return null;
    }
    return out.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}
