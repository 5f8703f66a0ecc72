import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { temporaryFolder } from '../../../../test/support/temporary-folder.js';
import { readShortened } from './shorten-json.js';

const folder = temporaryFolder('shorten');
function shortened(text: string, mostBytes?: number): string | null {
  const path = join(folder, 'a.json');
  writeFileSync(path, text);
  return readShortened(path, 0, mostBytes);
}
const long = (bytes: number) => 'x'.repeat(bytes);
const MEBIBYTE = 1024 * 1024;

test('a JSON file of at most 64 MiB is given whole', () => {
  const path = join(folder, 'b.json');
  const text = JSON.stringify({ a: long(MEBIBYTE) });
  writeFileSync(path, text);
  expect(readShortened(path)).toBe(text);
});

describe('a JSON file without its long texts', () => {
  it.each([
    ['{"a":"b","c":[1,"d"]}'],
    [String.raw`{"quote":"\"","backslash":"\\","both":"\\\"","end":"\\\\"}`],
    [JSON.stringify({ a: long(64 * 1024) })],
    ['{"broken": "'],
    [''],
  ])('is the same where none is long: %#', (text) => {
    expect(shortened(text)).toBe(text);
  });

  it.each([64 * 1024 + 1, MEBIBYTE - 9, MEBIBYTE - 8, MEBIBYTE - 7, MEBIBYTE, 3 * MEBIBYTE + 5])(
    'has an empty one in the place of %d bytes',
    (bytes) => {
      expect(shortened(JSON.stringify({ a: long(bytes), b: 'kept' }))).toBe('{"a":"","b":"kept"}');
    },
  );

  it.each([String.raw`\"`, String.raw`\\`])(
    'knows where a text ends that lies over the edge of a chunk: %s',
    (edge) => {
      // Texts that are not long, up to 8 bytes before that edge: the text over it has six.
      const filler = `"${long(32 * 1024 - 3)}",`.repeat(31) + `"${long(32 * 1024 - 15)}",`;
      for (let shift = 0; shift < 10; shift += 1) {
        const before = `[${filler}"${long(shift)}",${JSON.stringify(edge)},`;
        // Where another end is seen, this one is no text.
        const text = `${before}"${long(64 * 1024 + 1)}","kept"]`;
        expect(shortened(text) === `${before}"","kept"]`).toBe(true);
      }
    },
  );

  it('is null where more is left than may be', () => {
    const text = `["${long(63 * 1024)}","${long(63 * 1024)}"]`;
    expect(shortened(text, text.length)).toBe(text);
    expect(shortened(text, text.length - 1)).toBeNull();
  });
});
