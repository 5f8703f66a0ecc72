import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { temporaryFolder } from '../../../../test/support/temporary-folder.js';
import { readShortened } from './shorten-json.js';

const folder = temporaryFolder('shorten');
function shortened(text: string): string | null {
  const path = join(folder, 'a.json');
  writeFileSync(path, text);
  return readShortened(path, 0);
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

  it('keeps what stands on both sides of the edge of a chunk, whatever is escaped there', () => {
    for (let shift = 0; shift < 12; shift += 1) {
      const filler = Array.from({ length: 32 }, () => long(32 * 1024 - 3));
      const value = { filler, pad: long(shift), edge: String.raw`\"\\"`.repeat(40), after: 'kept' };
      expect(JSON.parse(shortened(JSON.stringify(value)) ?? '')).toEqual(value);
    }
  });

  it('is null where more than 64 MiB are left', () => {
    expect(
      shortened(`[${Array.from({ length: 70 * 17 }, () => `"${long(63 * 1024)}"`).join(',')}]`),
    ).toBeNull();
  });
});
