import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { buildPolicy } from './policy.js';
import { ancestorsOf, covers, pathOf, readPrefix, type Prefix, type PrefixFault } from './prefix.js';

function prefix(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(`${text}: ${read.fault}`);
  return read.prefix;
}

describe('readPrefix takes what is canonical', () => {
  it.each([
    ['a course', 'courses/algebra'],
    ['the whole distribution', '/'],
    ['one character', 'a'],
    ['P41 a deeper prefix', 'private/a/b/c'],
    ['P42 an underscore', 'private/a_b'],
    ['P60 a name that objects inherit', '__proto__'],
    ['P60 another one', 'constructor'],
    ['P62 dots inside a name', 'media/v1..2'],
    ['every character of the grammar', '_~-A9/zZ0_.~:@=-'],
    ['P33 512 bytes', `a/${'b'.repeat(510)}`],
    ['16 segments', Array(16).fill('a').join('/')],
  ])('%s', (_, text) => {
    expect(readPrefix(text)).toEqual({ prefix: text });
  });
});

describe('readPrefix refuses, and never repairs', () => {
  const invalid: readonly (readonly [string, unknown])[] = [
    ['P01', 'private/*'],
    ['P02', '*'],
    ['P03', 'private/a?'],
    ['P05', 'private/a/../b'],
    ['P06', '..'],
    ['P06', '.'],
    ['P06', 'private/..'],
    ['P06', 'private/.'],
    ['P07', 'private/./a'],
    ['P08', 'private//a'],
    ['P09', '/private/a'],
    ['P10', 'private/a/'],
    ['P12', 'private\\a'],
    ['P14', 'private/%2e%2e/secret'],
    ['P15', 'private/a%2Fb'],
    ['P17', 'private/%252e%252e/secret'],
    ['P18', 'private/a%00.jpg'],
    ['P19', 'private/a\u0000b'],
    ['P20', 'private/a\r\nSet-Cookie: x=1'],
    ['P21', 'pri\tvate/a'],
    ['P23', 'private/a","Condition":{"DateLessThan":{"AWS:EpochTime":9999999999}}}]}'],
    ['P25', 'private/a; Domain=evil.example'],
    ['P27', 'private/a?x=1'],
    ['P29', ''],
    ['P31', null],
    ['P31', 7],
    ['P31', true],
    ['P31', ['private/a']],
    ['P44', "private/a' OR '1'='1"],
    ['P46', 'private/．．/secret'],
    ['P47', 'private／a'],
    ['P47', 'private∕a'],
    ['P49 NFC', 'private/\u00e9'],
    ['P49 NFD', 'private/e\u0301'],
    ['P50', 'private/😀'],
    ['P53', 'private/\ud800'],
    ['P56', 'https://evil.example/x'],
    ['P57', '//evil.example/x'],
    ['P63', 'private/...'],
    ['P65', '${jndi:ldap://x/a}'],
    ['P65', '{{7*7}}'],
    ['P66', '<script>alert(1)</script>'],
    ['P72', '*a'.repeat(200)],
    ['a trailing newline, which $ would let pass in other languages', 'private/a\n'],
    ['a leading blank', ' private/a'],
    ['a trailing blank', 'private/a '],
    ['a leading dot', '.well-known/a'],
    ['a leading colon', ':a'],
    ['a leading at sign', '@a'],
    ['a comma, which would split a Set-Cookie line', 'a,b'],
    ['a quotation mark', 'a"b'],
    ['a plus sign', 'a+b'],
    ['two slashes', '//'],
    ['the byte order mark', '\ufeffa'],
    ['an entitlement template', 'users/{user}'],
    ['an object that turns into a prefix', { toString: () => 'private/a' }],
    ['a String object', new String('private/a')],
  ];

  it.each(invalid)('%s %j is prefix_invalid', (_, value) => {
    expect(readPrefix(value)).toEqual({ fault: 'prefix_invalid' });
  });

  const faults: readonly (readonly [string, string, PrefixFault])[] = [
    ['P34 513 bytes', `a/${'b'.repeat(511)}`, 'prefix_too_long'],
    ['P35 a mebibyte', 'a'.repeat(1_048_576), 'prefix_too_long'],
    ['171 characters of 3 bytes each: the limit counts bytes', '／'.repeat(171), 'prefix_too_long'],
    ['too long wins over invalid', '*'.repeat(513), 'prefix_too_long'],
    ['too long wins over too deep', Array(300).fill('a').join('/'), 'prefix_too_long'],
    ['P37 17 segments', Array(17).fill('a').join('/'), 'prefix_too_deep'],
    ['invalid wins over too deep', `${Array(17).fill('a').join('/')}/*`, 'prefix_invalid'],
  ];

  it.each(faults)('%s', (_, value, fault) => {
    expect(readPrefix(value)).toEqual({ fault });
  });
});

describe('ancestorsOf', () => {
  it('begins with the prefix itself and ends with the whole distribution', () => {
    expect(ancestorsOf(prefix('a/b/c'))).toEqual(['a/b/c', 'a/b', 'a', '/']);
  });

  it('of one segment is itself and the whole distribution', () => {
    expect(ancestorsOf(prefix('a'))).toEqual(['a', '/']);
  });

  it('of the whole distribution is itself alone', () => {
    expect(ancestorsOf(prefix('/'))).toEqual(['/']);
  });
});

describe('covers', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', true],
    ['/', 'a/b', true],
    ['/', '/', true],
    ['a/b', '/', false],
    ['a/b', 'a', false],
    ['private/a', 'private/ab', false],
    ['private/a', 'private/A', false],
    ['private/a_b', 'private/aXb', false],
  ])('%s covers %s: %s', (wider, narrower, expected) => {
    expect(covers(prefix(wider), prefix(narrower))).toBe(expected);
  });

  it('holds exactly for the ancestors', () => {
    fc.assert(
      fc.property(canonicalPrefixes, canonicalPrefixes, (one, other) => {
        expect(covers(one, other)).toBe(ancestorsOf(other).includes(one));
      }),
    );
  });
});

/**
 * CloudFront's wildcards, written from R18 to R20 and R26 alone: `*` any run of characters, `?` one
 * character, the raw request target compared without decoding. Shares nothing with the code under test.
 */
function policyAccepts(policyText: string, requestUrl: string): boolean {
  const policy = JSON.parse(policyText) as { Statement: { Resource: string }[] };
  const pattern = policy.Statement[0]?.Resource ?? '';
  let reachable = new Set([0]);
  for (const sign of pattern) {
    const next = new Set<number>();
    for (const at of reachable) {
      if (sign === '*') for (let end = at; end <= requestUrl.length; end += 1) next.add(end);
      else if (at < requestUrl.length && (sign === '?' || sign === requestUrl[at])) next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(requestUrl.length);
}

const segments = fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]{0,8}$/);
const canonicalPrefixes = fc
  .oneof(
    fc.array(segments, { minLength: 1, maxLength: 6 }).map((list) => list.join('/')),
    fc.constant('/'),
  )
  .map(prefix);

/** Texts that have moved a policy before: wildcards, dots, escapes, quotes, line ends, other scripts. */
const hostilePieces = fc.constantFrom(
  '*', '?', '..', '.', '/', '//', '\\', '%2e', '%2F', '%00', '\u0000', '\r\n', '\t', '"', '"}', ';', ',', '#',
  ' ', 'é', '．', '／', '😀', '\ud800', '@', ':', '=', '~', '-', '_', 'a', 'B', '0', 'https://', 'private', '{user}',
); // prettier-ignore
const hostileTexts = fc.oneof(
  fc.array(hostilePieces, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  canonicalPrefixes.chain((text) => hostilePieces.map((piece) => text + piece)),
);

describe('whatever is accepted, its policy opens nothing else', () => {
  const cloudFrontUrl = 'https://cdn.example.com';
  const policyFor = (accepted: Prefix) =>
    buildPolicy({ cloudFrontUrl, prefix: accepted, expiresAtEpochSeconds: 1_795_158_900 }).text;

  it('no raw request target outside /<prefix>/ is accepted, whatever the text was', () => {
    fc.assert(
      fc.property(
        hostileTexts,
        hostileTexts,
        fc.constantFrom('', 'beside', 'below'),
        (text, target, where) => {
          const read = readPrefix(text);
          fc.pre('prefix' in read);
          const accepted = (read as { prefix: Prefix }).prefix;
          const inside = accepted === '/' ? '/' : `/${accepted}/`;
          const near = { '': target, beside: accepted + target, below: `${accepted}/${target}` };
          const requestTarget = `/${near[where]}`;
          expect(policyAccepts(policyFor(accepted), cloudFrontUrl + requestTarget)).toBe(
            requestTarget.startsWith(inside),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('every target inside is accepted, its neighbours and the parent are not', () => {
    fc.assert(
      fc.property(canonicalPrefixes, fc.webPath(), (accepted, rest) => {
        fc.pre(accepted !== '/');
        const policy = policyFor(accepted);
        const opens = (target: string) => policyAccepts(policy, cloudFrontUrl + target);
        expect(opens(`/${accepted}/${rest}`)).toBe(true);
        expect(opens(`/${accepted}`)).toBe(false);
        expect(opens(`/${accepted}x/file`)).toBe(false);
        expect(opens(`/x${accepted}/file`)).toBe(false);
        expect(opens(`//${accepted}/file`)).toBe(false);
        expect(policyAccepts(policy, `http://cdn.example.com/${accepted}/file`)).toBe(false);
        expect(policyAccepts(policy, `https://cdn.example.com.evil.example/${accepted}/file`)).toBe(false);
      }),
    );
  });

  it('an accepted text is already what every reader makes of it', () => {
    fc.assert(
      fc.property(hostileTexts, (text) => {
        const read = readPrefix(text);
        fc.pre('prefix' in read);
        expect(new URL(pathOf((read as { prefix: Prefix }).prefix), cloudFrontUrl).pathname).toBe(
          text === '/' ? '/' : `/${text}`,
        );
        expect(encodeURI(text)).toBe(text);
        expect(text.normalize('NFKC')).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
