import { describe, expect, test } from '@jest/globals';
import { citedRules, coveredRules } from './cited-rules.js';
import { read, writtenFiles } from './project-files.js';

const REGISTER = 'docs/rules.md';
const register = read(REGISTER);

/** `- **R1** One sentence or more. (its source)` */
const LINES = register.split('\n').filter((line) => line.startsWith('- **'));
const LINE = /^- \*\*([A-Z]\d{1,3})\*\* \S.*[.:] \([^()]+(?:\([^()]*\)[^()]*)*\)$/;
const idsOf = (lines: readonly string[]) => lines.map((line) => /^- \*\*([^*]+)\*\*/.exec(line)?.[1] ?? line);
const LISTED = idsOf(LINES);

describe('docs/rules.md', () => {
  test('gives each number one sentence and one source', () => {
    expect(LINES.filter((line) => !LINE.test(line))).toEqual([]);
  });

  test('has each number once', () => {
    expect(LISTED.filter((id, index) => LISTED.indexOf(id) !== index)).toEqual([]);
  });

  test('says above how far the lists go', () => {
    const said = [...register.matchAll(/^\| ([A-Z]) +\|.*\| [A-Z]0?1–([A-Z]\d+)/gm)];
    expect(said.map(([, letter, last]) => [letter, last])).toEqual(
      ['R', 'B', 'F', 'N', 'U'].map((letter) => [
        letter,
        LISTED.filter((id) => id.startsWith(letter))
          .toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
          .at(-1),
      ]),
    );
  });

  test('has one list for one letter', () => {
    const headOf = new Map<string, Set<string>>();
    for (const section of register.split(/^#{2,3} (?=[A-Z]\. )/m).slice(1)) {
      const text = section.split(/^## /m)[0] ?? '';
      for (const id of idsOf(text.split('\n').filter((line) => line.startsWith('- **')))) {
        const letter = id.slice(0, 1);
        headOf.set(letter, (headOf.get(letter) ?? new Set()).add(section.slice(0, 1)));
      }
    }
    expect([...headOf].filter(([letter, heads]) => [...heads].join() !== letter)).toEqual([]);
    expect([...headOf.keys()].toSorted()).toEqual(
      [...new Set(LISTED.map((id) => id.slice(0, 1)))].toSorted(),
    );
  });
});

describe('a source', () => {
  test('that is cited by a short name stands among the pages of docs/rules.md', () => {
    const [, pages = ''] = /^The CF pages by short name:(.*?)^## /ms.exec(register) ?? [];
    const listed = new Set([...pages.matchAll(/(?:CF|S3)-[A-Z0-9]+(?=\s)/g)].map(([name]) => name));
    const unknown = writtenFiles().flatMap((file) =>
      [...read(file).matchAll(/\b(?:CF|S3)-[A-Z][A-Z0-9]+\b/g)]
        .map(([name]) => name)
        .filter((name) => !listed.has(name))
        .map((name) => `${name} in ${file}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** Written as a whole: what a browser does and shows. The doctor names them by number, so it needs them all. */
const WHOLE_LISTS = ['B', 'F'];

describe('a number', () => {
  const texts = writtenFiles()
    .filter((file) => file !== REGISTER)
    .map((file) => [file, read(file)] as const);

  test('that is cited stands in docs/rules.md', () => {
    const unknown = texts.flatMap(([file, text]) =>
      citedRules(text)
        .filter((id) => !LISTED.includes(id))
        .map((id) => `${id} in ${file}`),
    );
    expect(unknown).toEqual([]);
  });

  test('that stands in docs/rules.md is cited', () => {
    const within = LINES.map((line) => line.replace(/^- \*\*[^*]+\*\*/, ''));
    const cited = new Set([...texts.map(([, text]) => text), ...within].flatMap(coveredRules));
    const needed = LISTED.filter((id) => !WHOLE_LISTS.includes(id.slice(0, 1)));
    expect(needed.filter((id) => !cited.has(id))).toEqual([]);
  });
});

describe('citedRules', () => {
  test.each([
    ['R26', 'the target as sent (R26)'],
    ['R94 R96', 'R94–R96'],
    ['P08 P09', "'P08, P09 slashes'"],
    ['M09 M11', 'M09-M11: media types'],
    ['F4 B1', 'F4, B1'],
  ])('finds %s', (ids, text) => {
    expect(citedRules(text).join(' ')).toBe(ids);
  });

  test.each([
    "'K1'",
    '/caf%C3%A9.jpg',
    '\\u00c3',
    'S3',
    'U+202E',
    'P-256, P256, P-384, B-571, K-283, secp256k1, X25519, Ed25519',
    'the bytes F4 90 80 80, B1 C0 and C0 B1',
    '0xF4, \\xF4, %B1',
    'd="M11.5 12v8M16 12v8"',
    'd="M12 8"',
    'X509',
    '#B20b2a',
    'AKIDE01X',
    '/A12/',
  ])('finds nothing in %s', (text) => {
    expect(citedRules(text)).toEqual([]);
  });

  test('takes a number with a letter for a number of its own, which docs/rules.md has to hold', () => {
    const part = ['R20', 'a'].join('');
    expect(citedRules(`${part}: a part of a rule`)).toEqual([part]);
  });

  test('covers the numbers of a range', () => {
    expect(coveredRules('R9–R11, P08-P10')).toEqual(['R9', 'R10', 'R11', 'P08', 'P09', 'P10']);
  });
});
