import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { coveredRules } from './cited-rules.js';
import { read, writtenFiles } from './project-files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The groups of hostile inputs in docs/rules.md. */
const GROUPS = 'PMTJSOCEAKD';
const NUMBERS = [...read('docs/rules.md').matchAll(/^- \*\*([A-Z]\d\d)\*\*/gm)]
  .map(([, id = '']) => id)
  .filter((id) => GROUPS.includes(id.slice(0, 1)));

const page = read('docs/evidence/hostile.md');

/** Numbers with a line of their own on the page: `- C13: …`, also several in one line. */
const EXPLAINED = [...page.matchAll(/^- ([A-Z]\d\d(?:, [A-Z]\d\d)*):/gm)].flatMap(([, ids = '']) =>
  ids.split(', '),
);

/** The numbers that begin a title of a file, or the first cell of a table of titles (`'%s …'`). */
function numbersOf(file: string): ReadonlySet<string> {
  const titles = [...read(file).matchAll(/['"`]([A-Z]\d\d(?:, [A-Z]\d\d)*)(?=['"`: ])/g)];
  return new Set(titles.flatMap(([, ids = '']) => ids.split(', ')).filter((id) => NUMBERS.includes(id)));
}

const FILES = new Map(
  globSync('test/hostile/**/*.{spec,attacks}.ts', { cwd: root }).map(
    (file) => [file, numbersOf(file)] as const,
  ),
);
/** Beside the code a number may stand anywhere in a title. */
const BESIDE = writtenFiles()
  .filter((file) => /^(?:src|packages)\/.*\.spec\.ts$/.test(file))
  .flatMap((file) => coveredRules(read(file)));
const TESTED = new Set([...[...FILES.values()].flatMap((ids) => [...ids]), ...BESIDE]);

describe('hostile inputs', () => {
  test('each have a test, or a line in docs/evidence/hostile.md that says where or why not', () => {
    expect(NUMBERS.filter((id) => !TESTED.has(id) && !EXPLAINED.includes(id))).toEqual([]);
  });

  test('are explained only where they exist', () => {
    expect(EXPLAINED.filter((id) => !NUMBERS.includes(id))).toEqual([]);
  });

  const groups = page.split(/^## (?=[A-Z]\. )/m).slice(1);
  test.each(groups.map((text) => [text.slice(0, 1), text] as const))(
    'of group %s stand in the files that the page names, and in no other',
    (group, text) => {
      const named = [...text.matchAll(/`(test\/hostile\/[^`]+\.(?:spec|attacks)\.ts)`/g)].map(
        ([, file = '']) => file,
      );
      const holding = [...FILES].filter(([, ids]) => [...ids].some((id) => id.startsWith(group)));
      expect(new Set(named)).toEqual(new Set(holding.map(([file]) => file)));
    },
  );

  test('have a section on the page for every group', () => {
    expect(groups.map((text) => text.slice(0, 1)).join('')).toBe(GROUPS);
  });
});
