import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;
/** A cookie has 4 KB, a header rarely more than 32: what is longer is the body of an answer. */
const LONGEST_TEXT_BYTES = 64 * 1024;
/** What is left of a HAR without its bodies: some 30,000 requests. */
const MOST_BYTES = 64 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a JSON file without its long texts: each becomes empty. A recording of a video holds hundreds of megabytes of
 * bodies that nobody asks about, and JSON.parse would keep them all. A file of at most 64 MiB is given whole: to look for
 * its long texts takes longer than to parse them.
 *
 * @param wholeUpToBytes how large a file may be to be given whole
 * @param mostBytes how much may be left
 * @returns null when more is left
 * @throws what the file system says of the file
 */
export function readShortened(
  path: string,
  wholeUpToBytes = MOST_BYTES,
  mostBytes = MOST_BYTES,
): string | null {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size <= wholeUpToBytes) return readFileSync(file, 'utf8');
    const shortened = new Shortener();
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      shortened.take(chunk.subarray(0, read));
      if (shortened.length > mostBytes) return null;
    }
    return shortened.text();
  } finally {
    closeSync(file);
  }
}

/** Copies JSON but for its long texts. Looks at quotes alone, which the runtime finds much faster than a loop. */
class Shortener {
  #out = Buffer.allocUnsafe(CHUNK_BYTES);
  length = 0;
  #isInText = false;
  #isDropped = false;
  #textBytes = 0;
  /** Where in `#out` the text begins that was open at the end of the last chunk. */
  #textStart = 0;
  /** How many backslashes ended the last chunk inside of a text. */
  #backslashes = 0;

  take(chunk: Buffer): void {
    let from = 0;
    let position = 0;
    /** Where in this chunk the open text begins; -1: in an earlier one. */
    let begin = -1;
    while (position < chunk.length) {
      const quote = chunk.indexOf(QUOTE, position);
      if (!this.#isInText) {
        if (quote === -1) break;
        this.#isInText = true;
        this.#textBytes = 0;
        position = begin = quote + 1;
        continue;
      }
      const end = quote === -1 ? chunk.length : quote;
      this.#textBytes += end - position;
      if (this.#textBytes > LONGEST_TEXT_BYTES && !this.#isDropped) {
        this.#isDropped = true;
        if (begin === -1) this.length = this.#textStart;
        else this.#append(chunk, from, begin);
      }
      const isEscaped = quote !== -1 && this.#isEscaped(chunk, position, quote);
      position = end + 1;
      if (quote === -1) break;
      if (isEscaped) {
        this.#textBytes += 1;
        continue;
      }
      if (this.#isDropped) from = quote;
      this.#isInText = false;
      this.#isDropped = false;
    }
    if (!this.#isDropped) {
      if (begin !== -1) this.#textStart = this.length + begin - from;
      this.#append(chunk, from, chunk.length);
    }
    this.#backslashes = this.#isInText ? trailingBackslashes(chunk, 0, chunk.length) : 0;
  }

  text(): string {
    return this.#out.toString('utf8', 0, this.length);
  }

  #isEscaped(chunk: Buffer, from: number, quote: number): boolean {
    const count = trailingBackslashes(chunk, from, quote);
    const reachesStart = from === 0 && count === quote;
    return (count + (reachesStart ? this.#backslashes : 0)) % 2 === 1;
  }

  #append(chunk: Buffer, from: number, to: number): void {
    if (this.#out.length < this.length + to - from) {
      const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.length + to - from));
      this.#out.copy(larger, 0, 0, this.length);
      this.#out = larger;
    }
    chunk.copy(this.#out, this.length, from, to);
    this.length += to - from;
  }
}

function trailingBackslashes(chunk: Buffer, from: number, to: number): number {
  let count = 0;
  while (to - count - 1 >= from && chunk[to - count - 1] === BACKSLASH) count += 1;
  return count;
}
