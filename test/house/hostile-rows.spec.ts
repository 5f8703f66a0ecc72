import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The rows of the tables of hostile inputs; numbers that are missing were never given. */
const ROWS = `
  B01 B02 B03 B05 B06 B08 B09 B10 B11 B13 B14 B16 B17 B19 B20 B22 B23
  J01 J02 J03 J04 J05 J06 J08 J09 J10 J12 J13 J14 J16 J17 J19 J21 J23 J24 J25 J26 J27 J30 J31 J33 J34 J36 J37
  J40 J41 J42 J44 J46 J47 J49 J50 J53
  S01 S02 S03 S05 S08 S09 S10 S13
  O01 O02 O03 O04 O05 O08 O09 O10 O12 O14 O15 O16 O19 O20 O23 O24 O26
  C01 C02 C03 C04 C05 C06 C07 C08 C11 C13 C14 C15
  A01 A02 A03 A05 A06 A07 A09 A11 A12 A14 A15 A18 A19
  K01 K02 K03 K04 K05 K06 K08 K09 K10 K12 K13 K15 K18
  D01 D02 D03 D04 D06 D07 D08 D11 D12 D15 D17 D19
`
  .trim()
  .split(/\s+/);

const page = readFileSync(join(root, 'docs/hostile.md'), 'utf8');

/** Rows with a line of their own on the page: `| B22 | …`, also several in one line. */
const EXPLAINED = [...page.matchAll(/^\| ([A-Z]\d\d(?:, [A-Z]\d\d)*) \|/gm)].flatMap(([, rows = '']) =>
  rows.split(', '),
);

/** The rows that begin a title of a file, or the first cell of a table of titles (`'%s …'`). */
function rowsOf(file: string): ReadonlySet<string> {
  const source = readFileSync(join(root, file), 'utf8');
  const titles = [...source.matchAll(/['"`]([A-Z]\d\d(?:, [A-Z]\d\d)*)(?=['"`: ])/g)];
  return new Set(titles.flatMap(([, rows = '']) => rows.split(', ')).filter((row) => ROWS.includes(row)));
}

const FILES = new Map(
  globSync('test/hostile/**/*.spec.ts', { cwd: root }).map((file) => [file, rowsOf(file)] as const),
);
const TESTED = new Set([...FILES.values()].flatMap((rows) => [...rows]));

describe('docs/hostile.md', () => {
  test.each(ROWS)('%s has a test, or a line that says why not', (row) => {
    expect(TESTED.has(row) || EXPLAINED.includes(row)).toBe(true);
  });

  test('explains only rows that exist', () => {
    expect(EXPLAINED.filter((row) => !ROWS.includes(row))).toEqual([]);
  });

  const groups = page.split(/^## (?=[A-Z]\. )/m).slice(1);
  test.each(groups.map((text) => [text.slice(0, 1), text] as const))(
    'group %s: names the files that test it, and no other',
    (group, text) => {
      const named = [...text.matchAll(/`(test\/hostile\/[^`]+\.spec\.ts)`/g)].map(([, file = '']) => file);
      const holding = [...FILES].filter(([, rows]) => [...rows].some((row) => row.startsWith(group)));
      expect(new Set(named)).toEqual(new Set(holding.map(([file]) => file)));
    },
  );

  test('has a section for every group', () => {
    expect(groups.map((text) => text.slice(0, 1)).toSorted()).toEqual(
      [...new Set(ROWS.map((row) => row.slice(0, 1)))].toSorted(),
    );
  });
});
