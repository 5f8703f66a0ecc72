import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ANY_CHARACTER } from '../../test/support/any-character.js';
import { IS_WHOLE } from '../../test/support/whole.js';
import { buildFilePolicy, buildPolicy } from './policy.js';
import {
  ancestorsOf,
  covers,
  escapedPrefix,
  otherUnicodeForms,
  pathOf,
  readEscapedPrefix,
  readFilePath,
  readPrefix,
  type Prefix,
  type PrefixFault,
} from './prefix.js';

function prefix(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(`${text}: ${read.fault}`);
  return read.prefix;
}

describe('readFilePath', () => {
  it('takes what readPrefix takes, but for /', () => {
    fc.assert(
      fc.property(fc.oneof(canonicalPrefixes, fc.string(), fc.constant('/')), (text) => {
        const isPrefix = 'prefix' in readPrefix(text);
        expect('path' in readFilePath(text)).toBe(isPrefix && text !== '/');
      }),
    );
  });

  it.each([
    [
      'a/b*.mp4',
      'Segment 2 holds "*" (U+002A) at character 2: it is a wildcard of CloudFront. Rename the file',
    ],
    ['a+b/c.mp4', 'Segment 1 holds "+" (U+002B) at character 2: S3 reads it as a blank. Rename the folder.'],
    ['/a/b.mp4', 'No / at the beginning. Write "a/b.mp4".'],
    ['a/b.mp4/', 'No / at the end. Write "a/b.mp4".'],
    [
      'a/.htaccess',
      'Segment 2 begins with ".": no segment may. Rename the file, or open "a", the folder above it.',
    ],
    [`a/${'b'.repeat(511)}`, 'At most 512 bytes of its escaped form'],
  ])('refuses %s and says what to write', (text, detail) => {
    expect(readFilePath(text)).toEqual({ detail: expect.stringContaining(detail) });
  });
});

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
    ['every sign of the grammar', "_~-A9/zZ0_.~:@=-()' !"],
    ['P33 512 bytes', `a/${'b'.repeat(510)}`],
    ['56 letters of 9 bytes, and 8', `${'가'.repeat(56)}12345678`],
    ['P44 apostrophes, blanks and =, which are a name', "private/a' OR '1'='1"],
    ['P49 NFC', 'private/\u00e9'],
    ['P49 NFD', 'private/e\u0301'],
    ['Korean', 'courses/선형 대수'],
    ['brackets', 'Lesson 1 (draft)'],
    ['Arabic', 'الجبر'],
    ['Hebrew', 'שיעור ראשון'],
    ['Hindi', 'गणित'],
    ['Thai', 'พีชคณิต'],
    ['digits of another script', 'الدرس ١'],
    ['a letter beyond the BMP', '𠮷野'],
    ['a sign first', ":a/@b/=c/(d)/!e/'f"],
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
    ['P46', 'private/．．/secret'],
    ['P47', 'private／a'],
    ['P47', 'private∕a'],
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
    ['a blank at the end of a segment', 'a /b'],
    ['a blank at the beginning of a segment', 'a/ b'],
    ['a segment of a blank', 'a/ /b'],
    ['a no-break space', 'a\u00a0b'],
    ['an ideographic space', 'a\u3000b'],
    ['a zero-width joiner', 'a\u200db'],
    ['a right-to-left override', 'a\u202eb'],
    ['a Hangul filler, a letter that shows nothing', 'a\u3164b'],
    ['a variation selector', 'a\ufe0fb'],
    ['a private-use character', 'a\ue000b'],
    ['an unassigned character', 'a\u0378b'],
    ['a middle dot of Katakana, which is punctuation', 'ア・イ'],
    ['a dot leader', 'a/\u2024\u2024'],
    ['an escaped name', 'courses/%EC%84%A0%ED%98%95'],
    ['a comma, which would split a Set-Cookie line', 'a,b'],
    ['a quotation mark', 'a"b'],
    ['a plus sign', 'a+b'],
    ['two slashes', '//'],
    ['the byte order mark', '\ufeffa'],
    ['an entitlement template', 'users/{user}'],
    ['an object whose text is a prefix', { toString: () => 'private/a' }],
    ['a String object', new String('private/a')],
  ];

  it.each(invalid)('%s %j is prefix_invalid', (_, value) => {
    expect(readPrefix(value)).toEqual({ fault: 'prefix_invalid', detail: expect.any(String) });
  });

  const faults: readonly (readonly [string, string, PrefixFault])[] = [
    ['P34 513 bytes', `a/${'b'.repeat(511)}`, 'prefix_too_long'],
    ['P35 a mebibyte', 'a'.repeat(1_048_576), 'prefix_too_long'],
    ['171 characters of 3 bytes each: the limit counts bytes', '／'.repeat(171), 'prefix_too_long'],
    ['57 letters of 9 bytes in the escaped form', '가'.repeat(57), 'prefix_too_long'],
    ['one byte over it', `${'가'.repeat(56)}123456789`, 'prefix_too_long'],
    ['too long wins over invalid', '*'.repeat(513), 'prefix_too_long'],
    ['too long wins over too deep', Array(300).fill('a').join('/'), 'prefix_too_long'],
    ['P37 17 segments', Array(17).fill('a').join('/'), 'prefix_too_deep'],
    ['invalid wins over too deep', `${Array(17).fill('a').join('/')}/*`, 'prefix_invalid'],
  ];

  it.each(faults)('%s', (_, value, fault) => {
    expect(readPrefix(value)).toEqual({ fault, detail: expect.any(String) });
  });
});

describe('a refusal says which character, and what to write', () => {
  it.each([
    ['courses/algebra/*', 'No * at the end: edgepass adds it. Write "courses/algebra".'],
    ['/courses/algebra/*', 'No * at the end: edgepass adds it. Write "courses/algebra".'],
    ['*', 'No * at the end: edgepass adds it. Write "/".'],
    ['/movies/', 'No / at the end. Write "movies".'],
    ['/movies', 'No / at the beginning. Write "movies".'],
    ['https://cdn.example.com/movies/', 'No address, only the path of the folder. Write "movies".'],
    ['%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98', 'No escaped form, the name itself. Write "선형 대수".'],
    ['', 'Found an empty text. Write the name of a folder, "courses/algebra", or "/".'],
    ['a//b', 'Segment 2 is empty: exactly one / stands between two segments.'],
    [
      'courses/.hidden',
      'Segment 2 begins with ".": no segment may. Rename the folder, or open "courses", the folder above it.',
    ],
    [
      'courses/algebra ',
      'Segment 2 ends with a blank (U+0020): browsers cut blanks off an address. Write "courses/algebra".',
    ],
    [
      'courses/C++',
      'Segment 2 holds "+" (U+002B) at character 2: S3 reads it as a blank. Rename the folder, or open "courses", the folder above it.',
    ],
    [
      'R&D',
      'Segment 1 holds "&" (U+0026) at character 2: browsers and encodeURIComponent escape it differently. Rename the folder.',
    ],
    ['선\u200b형', 'Segment 1 holds U+200B at character 2: an invisible character. Write "선형".'],
    [
      'a\u00a0b',
      'Segment 1 holds U+00A0 at character 2: a blank that is not the ordinary one (U+0020). Write "a b".',
    ],
    [
      'fun 😀',
      'Segment 1 holds "😀" (U+1F600) at character 5: neither a letter nor a digit. Rename the folder.',
    ],
    [7, 'Expected the name of a folder as a text: "courses/algebra".'],
    [
      '가'.repeat(57),
      'At most 512 bytes of its escaped form: an ASCII letter has 1, a blank 3, a letter of another script 6 to 12.',
    ],
    ['a/'.repeat(16) + 'a', 'At most 16 segments: open a folder above it.'],
  ])('%j', (value, detail) => {
    expect(readPrefix(value)).toMatchObject({ detail });
  });
});

describe('the escaped form', () => {
  it.each([
    ['courses/algebra', 'courses/algebra'],
    ['/', '/'],
    ['a:b@c=d', 'a:b@c=d'],
    ["L'été (1)!", "L'%C3%A9t%C3%A9%20(1)!"],
    ['선형 대수', '%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98'],
    ['e\u0301', 'e%CC%81'],
  ])('of %j is %s, and is read back', (name, escaped) => {
    expect(escapedPrefix(prefix(name))).toBe(escaped);
    expect(readEscapedPrefix(escaped)).toBe(name);
  });

  it.each(['%ec%84%a0', '%61', 'a b', '선', '%', '%FF', 'a%2Fb', '..', ''])(
    'is not %j, which only decodes to a name',
    (text) => {
      expect(readEscapedPrefix(text)).toBeNull();
    },
  );

  it('of every character that a name may hold is what the URL parser makes of it', () => {
    // From Latin to Arabic all, and a sample of the rest: `npm run whole` takes all.
    const [allBelow, step] = IS_WHOLE ? [0x110000, 1] : [0x700, 37];
    const wrong: string[] = [];
    let accepted = 0;
    for (let code = 0; code < 0x110000; code += code < allBelow ? 1 : step) {
      const name = `a${String.fromCodePoint(code)}b`;
      if ('fault' in readPrefix(name)) continue;
      accepted += 1;
      const isLookAlike = /[/\\*?%#\p{C}]/u.test(name.normalize('NFKC')) && !name.includes('/');
      const isInvisible = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u.test(name);
      const isEscapedAlike = new URL(`https://h/${name}`).pathname === pathOf(prefix(name));
      if (isLookAlike || isInvisible || !isEscapedAlike) wrong.push(name);
    }
    expect(wrong).toEqual([]);
    expect(accepted).toBeGreaterThan(IS_WHOLE ? 140_000 : 4_500);
  });
});

describe('the other Unicode form', () => {
  it('of a composed name is the decomposed one, and the reverse', () => {
    expect(otherUnicodeForms(prefix('\u00e9'))).toEqual([{ form: 'NFD', prefix: 'e\u0301' }]);
    expect(otherUnicodeForms(prefix('e\u0301'))).toEqual([{ form: 'NFC', prefix: '\u00e9' }]);
  });

  it('of a name that has one form only does not exist', () => {
    expect(otherUnicodeForms(prefix('courses/algebra'))).toEqual([]);
    expect(otherUnicodeForms(prefix('/'))).toEqual([]);
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
    ['\u00e9', 'e\u0301/x', false],
    ['선형', '선형 대수', false],
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

const segments = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]{0,8}$/),
  fc.constantFrom('선형 대수', "l'été", 'e\u0301', 'Lesson (1)', 'a b'),
);
const canonicalPrefixes = fc
  .oneof(
    fc.array(segments, { minLength: 1, maxLength: 6 }).map((list) => list.join('/')),
    fc.constant('/'),
  )
  .map(prefix);

const UNESCAPED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@";
/** RFC 3986 section 3.3. Not `fc.webPath()`, which makes the map that `ANY_CHARACTER` avoids. */
const urlPaths = fc
  .array(
    fc.string({
      unit: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...Array.from(UNESCAPED)) },
        { weight: 1, arbitrary: ANY_CHARACTER.map(encodeURIComponent) },
      ),
    }),
  )
  .map((list) => list.map((segment) => `/${segment}`).join(''));

/** Texts that have moved a policy before: wildcards, dots, escapes, quotes, line ends, other scripts. */
const hostilePieces = fc.constantFrom(
  '*', '?', '..', '.', '/', '//', '\\', '%2e', '%2F', '%00', '\u0000', '\r\n', '\t', '"', '"}', ';', ',', '#',
  ' ', 'é', '．', '／', '😀', '\ud800', '@', ':', '=', '~', '-', '_', 'a', 'B', '0', 'https://', 'private', '{user}',
); // oxfmt-ignore
const hostileTexts = fc.oneof(
  fc.array(hostilePieces, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: ANY_CHARACTER, maxLength: 40 }),
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
          const inside = accepted === '/' ? '/' : `${pathOf(accepted)}/`;
          const escaped = escapedPrefix(accepted);
          const near = { '': target, beside: escaped + target, below: `${escaped}/${target}` };
          const requestTarget = `/${near[where]}`;
          expect(policyAccepts(policyFor(accepted), cloudFrontUrl + requestTarget)).toBe(
            requestTarget.startsWith(inside),
          );
        },
      ),
      { numRuns: IS_WHOLE ? 2_000 : 300 },
    );
  });

  it('the policy of one file accepts its own target and no other, whatever the text was', () => {
    fc.assert(
      fc.property(hostileTexts, hostileTexts, fc.boolean(), (text, target, beside) => {
        const read = readFilePath(text);
        fc.pre('path' in read);
        const { path } = read as { path: Prefix };
        const policy = buildFilePolicy({ cloudFrontUrl, path, expiresAtEpochSeconds: 1_795_158_900 }).text;
        const other = `/${beside ? escapedPrefix(path) : ''}${target}`;
        expect(policyAccepts(policy, cloudFrontUrl + pathOf(path))).toBe(true);
        expect(policyAccepts(policy, cloudFrontUrl + other)).toBe(other === pathOf(path));
      }),
    );
  });

  it('every target inside is accepted, its neighbours and the parent are not', () => {
    fc.assert(
      fc.property(canonicalPrefixes, urlPaths, (accepted, rest) => {
        fc.pre(accepted !== '/');
        const policy = policyFor(accepted);
        const opens = (target: string) => policyAccepts(policy, cloudFrontUrl + target);
        const path = pathOf(accepted);
        expect(opens(`${path}/${rest}`)).toBe(true);
        expect(opens(path)).toBe(false);
        expect(opens(`${path}x/file`)).toBe(false);
        expect(opens(`/x${path.slice(1)}/file`)).toBe(false);
        expect(opens(`/${path}/file`)).toBe(false);
        expect(policyAccepts(policy, `http://cdn.example.com${path}/file`)).toBe(false);
        expect(policyAccepts(policy, `https://cdn.example.com.evil.example${path}/file`)).toBe(false);
      }),
    );
  });
});
