import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { pages, read, writtenFiles } from './project-files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const MOST_LINES = 250;
/** Wider cells cannot be read in a terminal. */
const WIDEST_CELL = 200;
/** The register of numbers is looked up, not read. A changelog grows. */
const ANY_LENGTH = ['docs/rules.md', 'CHANGELOG.md'];

const PAGES = pages().map((path) => [path, read(path)] as const);

/** The lines outside of fenced code. */
function proseOf(text: string): readonly string[] {
  let isFenced = false;
  return text.split('\n').filter((line) => {
    const isFence = /^\s*```/.test(line);
    if (isFence) isFenced = !isFenced;
    return !isFenced && !isFence;
  });
}

/** The anchors that GitHub makes of the heads of a page. */
function anchorsOf(text: string): readonly string[] {
  return proseOf(text)
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    );
}

function cellsOf(line: string): readonly string[] {
  if (!line.startsWith('|')) return [];
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('a page', () => {
  test(`has at most ${MOST_LINES} lines`, () => {
    const long = PAGES.filter(([path, text]) => !ANY_LENGTH.includes(path) && linesOf(text) > MOST_LINES);
    expect(long.map(([path, text]) => `${path}: ${linesOf(text)}`)).toEqual([]);
  });

  test(`has no table cell of more than ${WIDEST_CELL} characters`, () => {
    const wide = PAGES.flatMap(([path, text]) =>
      proseOf(text)
        .flatMap(cellsOf)
        .filter((cell) => cell.length > WIDEST_CELL)
        .map((cell) => `${path}: ${cell.slice(0, 60)}…`),
    );
    expect(wide).toEqual([]);
  });

  test('links only to files that exist, and to heads that they have', () => {
    const broken = PAGES.flatMap(([path, text]) =>
      [
        ...proseOf(text)
          .join('\n')
          .matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g),
      ]
        .map(([, link = '']) => link)
        .filter((link) => !leadsSomewhere(path, link))
        .map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  test('has every head that code and its messages name', () => {
    const code = writtenFiles().filter((path) =>
      /^(?:src|packages|examples)\/.*\.(?:[cm]?[jt]sx?)$/.test(path),
    );
    const named = code.flatMap((path) =>
      [...read(path).matchAll(/\b(docs\/[\w/-]+\.md)(#[\w-]+)?/g)].map(([link]) => [path, link] as const),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(([, link]) => !leadsSomewhere('README.md', link))).toEqual([]);
  });

  test('names only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const unknown = PAGES.filter(([path]) => !path.startsWith('examples/')).flatMap(([path, text]) =>
      [...text.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*[a-z])/g)]
        .map(([, name = '']) => name)
        .filter((name) => !(name in scripts))
        .map((name) => `${path}: npm run ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

function linesOf(text: string): number {
  return text.trimEnd().split('\n').length;
}

function leadsSomewhere(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : normalize(join(dirname(page), file));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).includes(anchor);
}

describe('docs/architecture.md', () => {
  const named = [...read('docs/architecture.md').matchAll(/^\| `([^`]+)\/` +\|/gm)].map(
    ([, path = '']) => path,
  );

  test('names every folder of src and every package, and none that does not exist', () => {
    const folders = ['src', 'packages'].flatMap((parent) =>
      readdirSync(join(root, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${parent}/${entry.name}`),
    );
    expect(named.filter((path) => /^(?:src|packages)\//.test(path)).toSorted()).toEqual(folders.toSorted());
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
