import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { readPrefix } from '../../src/cloudfront/prefix.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const LENGTH = 65_536;
/**
 * One step a character takes well below a millisecond, one a pair of characters seconds. The processor's
 * time is looked at, and a text that took longer gets two more tries: a busy machine fails nothing.
 */
const LONGEST_MILLISECONDS = 50;
const TRIES = 3;
/** One of each kind that classes of characters tell apart. */
const KINDS = 'aZ09f_-.~/\\ \t\r\n=%+"\',;:*?{}[]()<>@#|&!$^é\u2028'.split('');

interface Found {
  readonly place: string;
  readonly regex: RegExp;
}

/** Every regular expression that is written in the file. */
function expressionsOf(file: string): readonly Found[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    false,
  );
  const found: Found[] = [];
  const search = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
      const { text } = node as ts.RegularExpressionLiteral;
      const end = text.lastIndexOf('/');
      const { line } = source.getLineAndCharacterOfPosition(node.pos);
      found.push({
        place: `${file}:${line + 1} ${text}`,
        regex: new RegExp(text.slice(1, end), text.slice(end + 1)),
      });
    }
    ts.forEachChild(node, search);
  };
  search(source);
  return found;
}

/** Long runs of what the expression may match, before something that it does not. */
function* worstTexts(regex: RegExp): Generator<string> {
  const own = [...new Set(regex.source)].filter((character) => /[\w\s<>=;:,"'/-]/.test(character));
  const runs = [
    ...new Set([...KINDS, ...own]),
    ...pairsOf(own.slice(0, 8)),
    '\\n',
    '\r\n',
    'a.',
    'a/',
    '-----',
  ];
  const [opening = ''] = /^\^?[\w :-]+/.exec(regex.source) ?? [];
  const beginning = opening.replace('^', '').slice(0, -1);
  for (const run of runs) {
    const long = run.repeat(LENGTH / run.length);
    yield `${long}\0`;
    yield `${beginning}${long}\0`;
  }
}

function pairsOf(characters: readonly string[]): readonly string[] {
  return characters.flatMap((one) => characters.map((other) => `${one}${other}`));
}

/** Processor time of one look through the text, in milliseconds. */
function cost({ regex }: Found, text: string): number {
  const begin = process.cpuUsage();
  regex.lastIndex = 0;
  if (regex.global) text.replace(regex, '');
  else regex.test(text);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

function isCheap(found: Found, text: string): boolean {
  return Array.from({ length: TRIES }).some(() => cost(found, text) < LONGEST_MILLISECONDS);
}

const FILES = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.spec.ts'] });
const EXPRESSIONS = FILES.flatMap((file) => expressionsOf(file));

describe('D17 every regular expression of src takes its worst text of 64 KB in time that grows with its length', () => {
  test('D17 there are some', () => {
    expect(EXPRESSIONS.length).toBeGreaterThan(100);
  });

  test.each(EXPRESSIONS.map((found) => [found.place, found] as const))('D17 %s', (_place, found) => {
    const costly = [...worstTexts(found.regex)].find((text) => !isCheap(found, text));
    expect(costly?.slice(0, 20)).toBeUndefined();
  });

  test.each(['a/', 'a.', '~', 'a:'])('D17 a prefix of 64 KB of %j', (run) => {
    const begin = process.cpuUsage();
    expect(readPrefix(`${run.repeat(LENGTH / run.length)}*`)).toHaveProperty('fault');
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(LONGEST_MILLISECONDS);
  });
});
