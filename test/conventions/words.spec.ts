import { describe, expect, test } from '@jest/globals';
import { read, writtenFiles } from './project-files.js';

/** Metaphors that stood in this code once, and words that say less than the field's own term. */
const FORBIDDEN = [
  'room', 'door', 'house', 'story', 'stories', 'desk', 'post', 'turn', 'turned', 'turning', 'visit', 'visited', 'visiting',
  'verdict', 'flight', 'keeper', 'told', 'whoever', 'in our form',
]; // oxfmt-ignore

/** This file names the words. */
const OWN_FILE = 'test/conventions/words.spec.ts';

interface Exception {
  readonly because: string;
  /** What is taken out of a text before the words are looked for. */
  readonly allowed: RegExp;
  /** Only there. */
  readonly in?: string;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    because: "`Post` is Nest's decorator of a POST route (https://docs.nestjs.com/controllers)",
    allowed: /@Post\(|^import \{[^}]*\bPost\b[^}]*\} from '@nestjs\/common';$/gm,
  },
  {
    because: '`post` is the method of Express, supertest and OpenAPI for POST',
    allowed: /\.post\(|'post'/g,
  },
  {
    because: 'a function of a test that sends a POST request has its name (RFC 9110 section 9.3.3)',
    allowed: /\bconst post = |\btypeof post>|\bpost\(|\{ post \}|, post \}/g,
  },
  {
    because: '`pre` and `post` begin names of npm scripts (https://docs.npmjs.com/cli/using-npm/scripts)',
    allowed: /\(pre\|post\)\?install/g,
  },
  {
    because: '`postMessage` is a method of the HTML Standard, and a rule of the linter has its name',
    allowed: /\bpostMessage\b|\brequire-post-message-target-origin\b/g,
  },
  {
    because:
      "`_in_flight` ends names of metrics, Prometheus's own among them (promhttp_metric_handler_requests_in_flight)",
    allowed: /\b(?:edgepass|too_many)_requests_in_flight\b/g,
  },
  {
    because: 'a changelog names what was renamed',
    allowed: /was `GrantKeeper`/g,
    in: 'CHANGELOG.md',
  },
];

/** `door`, `Doors` and the part of `stopKeeper`; neither `indoor` nor `POST`. */
const WORDS = new RegExp(
  FORBIDDEN.map((word) => {
    const capital = word.slice(0, 1).toUpperCase() + word.slice(1);
    return `(?<![A-Za-z])(?:${word}|${capital})s?(?![a-z])|(?<=[a-z])${capital}s?(?![a-z])`;
  }).join('|'),
  'g',
);

/** Any of them in any place: what has none needs no closer look. */
const ANY_WORD = new RegExp(FORBIDDEN.join('|'), 'i');

function forbiddenIn(file: string, text: string): readonly string[] {
  if (!ANY_WORD.test(text)) return [];
  const rest = EXCEPTIONS.filter((exception) => exception.in === undefined || exception.in === file).reduce(
    (left, { allowed }) => left.replace(allowed, (found) => found.replace(/[^\n]/g, ' ')),
    text,
  );
  return rest
    .split('\n')
    .flatMap((line, index) =>
      ANY_WORD.test(line) ? [...line.matchAll(WORDS)].map(([word]) => `${word} in ${file}:${index + 1}`) : [],
    );
}

const TEXTS = writtenFiles()
  .filter((file) => file !== OWN_FILE)
  .map((file) => [file, read(file)] as const);

describe('plain words', () => {
  test('stand in code, comments, messages, tests and pages: none of the forbidden ones', () => {
    expect(TEXTS.flatMap(([file, text]) => forbiddenIn(file, text))).toEqual([]);
  });

  test.each(EXCEPTIONS)('have no exception without a use: $because', ({ allowed, in: only }) => {
    const uses = TEXTS.filter(([file, text]) => (only ?? file) === file && text.search(allowed) !== -1);
    expect(uses.length).toBeGreaterThan(0);
  });
});

describe('a forbidden word', () => {
  test.each([
    ['room', 'the signing room of it'],
    ['Doors', 'Doors are shut'],
    ['Keeper', 'function stopKeeper() {}'],
    ['Turn', 'const inTurn = 1;'],
    ['told', '/** who is told of it */'],
    ['post', 'the post of a guard'],
    ['In our form', 'In our form it is right'],
  ])('%s is found in %j', (word, text) => {
    expect(forbiddenIn('a.ts', text)).toEqual([`${word} in a.ts:1`]);
  });

  test.each([
    'keep-alive',
    'desktop, indoor, history, warehouse, returned, tolder',
    'POST /grants',
    "await api.http.post('/grants')",
    '@Post()',
    'window.postMessage(text, origin)',
  ])('is not found in %j', (text) => {
    expect(forbiddenIn('a.ts', text)).toEqual([]);
  });
});
