import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type * as base64 from '../../../src/cloudfront/policy.js';
import type * as header from '../../../src/http/messages.js';
import type * as setCookie from '../../../src/cloudfront/cookies/set-cookie.js';
import { Cookie } from 'tough-cookie';
import { decodeCloudFrontBase64 } from '../../../packages/edge/src/viewer-access/credentials.js';
import type { CookieAttributes } from '../../../src/cloudfront/cookies/cookie-attributes.js';
import type { SetCookie, CookieSet } from '../../../src/cloudfront/cookies/set-cookie.js';
import type { CookieKind } from '../../../src/cloudfront/cookies/cookie-kind.js';
import { buildPolicy } from '../../../src/cloudfront/policy.js';
import { type NamedProperty, type Tally, named } from './named-property.js';
import { escapedOf } from './prefix-oracle.js';
import { type ReadSetCookie, readSetCookie } from './read-set-cookie.js';
import { anyTexts, canonicalPrefixes } from './texts.js';

/** The code under test. */
export type CookieRules = Pick<
  typeof setCookie,
  'formatSetCookie' | 'issueLines' | 'clearLines' | 'cookiePathOf'
> &
  Pick<typeof base64, 'toCloudFrontBase64' | 'fromCloudFrontBase64'> &
  Pick<typeof header, 'cookieValues'>;

const CLOUDFRONT_URL = 'https://cdn.media.example.com';

const kinds: fc.Arbitrary<CookieKind> = fc.constantFrom<CookieKind[]>(
  { sameSite: 'Lax', secure: true, partitioned: false },
  { sameSite: 'Lax', secure: false, partitioned: false },
  { sameSite: 'Strict', secure: true, partitioned: false },
  { sameSite: 'None', secure: true, partitioned: false },
  { sameSite: 'None', secure: true, partitioned: true },
);

const scopes: fc.Arbitrary<CookieAttributes> = fc
  .tuple(
    kinds,
    fc.constantFrom(null, 'media.example.com'),
    fc.constantFrom('prefix' as const, 'root' as const),
  )
  .map(([kind, domain, pathMode]) => ({
    ...kind,
    domain,
    pathMode,
    ownCookies: { namePrefix: '__Host-' as const, path: '/' as const },
  }));

/** Alphabets and sizes of RSA-2048 and P-256 signatures. */
const signatures = fc
  .tuple(fc.constantFrom(256, 70, 71, 72), fc.uint8Array({ minLength: 4, maxLength: 12 }))
  .map(([length, bytes]) => Buffer.alloc(length, bytes).toString('base64'))
  .map((text) => text.replace(/[+=/]/g, (sign) => ({ '+': '-', '=': '_', '/': '~' })[sign] ?? ''));

const sets = fc
  .tuple(
    canonicalPrefixes,
    scopes,
    fc.integer({ min: 1, max: 9_999_999_999 }),
    signatures,
    fc.constantFrom('K2JCJMDEHXQW5F', 'APKA1', 'K0000000000000000001'),
    fc.constantFrom('SHA1' as const, 'SHA256' as const),
    fc.integer({ min: -5, max: 4000 }),
  )
  .map(([prefix, scope, expiresAtEpochSeconds, signature, keyPairId, hashAlgorithm, secondsLeft]) => ({
    scope,
    secondsLeft,
    set: {
      prefix,
      ...policyOf(prefix, expiresAtEpochSeconds),
      expiresAtEpochSeconds,
      signature,
      keyPairId,
      hashAlgorithm,
    },
  }));

function policyOf(prefix: CookieSet['prefix'], expiresAtEpochSeconds: number) {
  const { text, resource } = buildPolicy({ cloudFrontUrl: CLOUDFRONT_URL, prefix, expiresAtEpochSeconds });
  return { policyText: text, resource };
}

/** Mostly what is legal, so that most lines differ from a legal one in a single place. */
const mostly = <T>(legal: readonly T[], other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...legal) }, { weight: 1, arbitrary: other });
const names = mostly(['CloudFront-Policy', '__Host-edgepass-held-RK2DblFFF8o'], anyTexts);
const values = mostly(
  ['', 'eyJ9_', '1|1795158000|1795158900|K9gGyX8OAK8|media.example.com||/courses/algebra'],
  fc.oneof(
    anyTexts,
    fc.integer({ min: 4070, max: 4100 }).map((length) => 'v'.repeat(length)),
  ),
);
const domains = mostly([null, 'media.example.com'], anyTexts);
const paths = mostly<`/${string}`>(
  ['/', '/courses/algebra'],
  fc.oneof(
    anyTexts.map((text) => `/${text}` as const),
    fc.integer({ min: 1015, max: 1030 }).map((length) => `/${'p'.repeat(length)}` as const),
  ),
);
const ages = mostly([0, 900], fc.oneof(fc.integer(), fc.constantFrom(0.5, Number.NaN, Infinity)));

/** What docs/rules.md says of the lines that set and clear cookies. */
export function cookieProperties(rules: CookieRules, tally: Tally): readonly NamedProperty[] {
  const { formatSetCookie, issueLines, clearLines, cookiePathOf, toCloudFrontBase64, fromCloudFrontBase64 } =
    rules;
  return [
    named(
      'a grant is five lines, each of exactly the attributes of its scope, that browsers read as we meant them',
      fc.property(sets, ({ set: made, scope, secondsLeft }) => {
        const set: CookieSet = { ...made, path: cookiePathOf(scope, made.prefix) };
        const lines = issueLines(set, scope, secondsLeft);
        assert.ok(lines.every((text) => !/[\r\n]/.test(text)));
        const read = lines.map(readEveryWay);
        assert.deepEqual(
          read.map(({ name }) => name),
          [
            'CloudFront-Policy',
            'CloudFront-Signature',
            'CloudFront-Key-Pair-Id',
            'CloudFront-Hash-Algorithm',
            'CloudFront-Expires',
          ],
        );
        const isSha256 = set.hashAlgorithm === 'SHA256';
        const [policy = '', ...others] = read.map(({ value }) => value);
        assert.deepEqual(others, [set.signature, set.keyPairId, isSha256 ? 'SHA256' : '', '']);
        assert.equal(policy.length % 4, 0);
        assert.equal(decodeCloudFrontBase64(policy)?.toString(), set.policyText);
        const lives = attributesOf(scope, set.path, Math.max(0, secondsLeft));
        const cleared = attributesOf(scope, set.path, 0);
        for (const cookie of read) assert.deepEqual(cookie.attributes, cookie.value === '' ? cleared : lives);
      }),
    ),
    named(
      'what was set is what a clear names: the same cookie, Domain, Path and partition, and no value',
      fc.property(sets, ({ set: made, scope, secondsLeft }) => {
        const path = cookiePathOf(scope, made.prefix);
        assert.equal(
          path,
          scope.pathMode === 'root' || made.prefix === '/' ? '/' : `/${escapedOf(made.prefix)}`,
        );
        const given = issueLines({ ...made, path }, scope, secondsLeft).map(readEveryWay);
        const cleared = clearLines(scope, { ...scope, path }).map(readEveryWay);
        assert.ok(cleared.every(({ value }) => value === ''));
        for (const cookie of cleared) assert.deepEqual(cookie.attributes, attributesOf(scope, path, 0));
        const goneNames = cleared.map(({ name }) => name);
        assert.ok(given.every(({ name, value }) => value === '' || goneNames.includes(name)));
      }),
    ),
    named(
      'a line is read back as exactly what it was made of, or it is not made',
      fc.property(names, values, domains, paths, ages, kinds, (name, value, domain, path, age, kind) => {
        const cookie: SetCookie = { ...kind, name, value, domain, path, maxAgeSeconds: age };
        let text: string;
        try {
          text = formatSetCookie(cookie);
        } catch (error) {
          tally.count('lines: refused');
          assert.ok(error instanceof TypeError);
          return;
        }
        tally.count('lines: made');
        const read = readEveryWay(text);
        assert.deepEqual(read, { name, value, attributes: attributesOf({ ...kind, domain }, path, age) });
        assert.ok(Buffer.byteLength(name + value) <= 4096);
        assert.ok(Buffer.byteLength(path) <= 1024);
      }),
    ),
    named(
      "CloudFront's base64 gives the bytes back, in CloudFront's alphabet, as the edge reads it",
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (array) => {
        const bytes = Buffer.from(array);
        const text = toCloudFrontBase64(bytes);
        assert.ok(/^[A-Za-z0-9~-]+_{0,2}$/.test(text));
        assert.equal(text.length, Math.ceil(bytes.length / 3) * 4);
        assert.deepEqual(fromCloudFrontBase64(text), bytes);
        assert.deepEqual(decodeCloudFrontBase64(text), bytes);
      }),
    ),
    named(
      'of a Cookie header the first pair of that very name counts, byte for byte',
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'A', 'ba', 'a ', '', '__proto__'), anyTexts), {
          maxLength: 5,
        }),
        fc.constantFrom('; ', ';', ' ;\t'),
        (pairs, separator) => {
          const text = pairs.map(([name, value]) => `${name}=${value}`).join(separator);
          assert.deepEqual(
            rules.cookieValues(text, (name) => name === 'a').map(({ value }) => value),
            valuesOf(text, 'a'),
          );
        },
      ),
    ),
  ];
}

/** Reads a line with our own reader of RFC 6265bis and with tough-cookie; throws where they differ. */
function readEveryWay(text: string): ReadSetCookie {
  const read = readSetCookie(text);
  assert.ok(read !== null, 'a browser drops the line');
  const tough = Cookie.parse(text);
  assert.ok(tough !== undefined, 'tough-cookie drops the line');
  const of = (name: string) => read.attributes.find(([attribute]) => attribute === name)?.[1];
  assert.equal(tough.key, read.name);
  assert.equal(tough.value, read.value);
  assert.equal(tough.path, of('path'));
  assert.equal(tough.httpOnly, of('httponly') !== undefined);
  assert.equal(tough.secure, of('secure') !== undefined);
  assert.equal(tough.sameSite, of('samesite')?.toLowerCase());
  assert.equal(String(tough.maxAge), of('max-age'));
  return read;
}

/** Every attribute of a line, in our order, as a browser sees their names. */
function attributesOf(
  scope: { readonly domain: string | null } & CookieKind,
  path: string,
  maxAgeSeconds: number,
): ReadSetCookie['attributes'] {
  return [
    ...(scope.domain === null ? [] : ([['domain', scope.domain]] as const)),
    ['path', path],
    ['max-age', String(maxAgeSeconds)],
    ['httponly', ''],
    ...(scope.secure ? ([['secure', '']] as const) : []),
    ['samesite', scope.sameSite],
    ...(scope.partitioned ? ([['partitioned', '']] as const) : []),
  ];
}

/** Finds a cookie with a walk over the characters instead of a split. */
function valuesOf(text: string, name: string): readonly string[] {
  const values: string[] = [];
  let start = 0;
  while (start <= text.length) {
    let end = text.indexOf(';', start);
    if (end === -1) end = text.length;
    const equals = text.indexOf('=', start);
    if (equals !== -1 && equals < end && text.slice(start, equals).trim() === name) {
      values.push(text.slice(equals + 1, end).trim());
    }
    start = end + 1;
  }
  return values;
}
