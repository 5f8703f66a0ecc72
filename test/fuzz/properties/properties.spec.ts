import { describe, expect, it } from '@jest/globals';
import type { Prefix } from '../../../src/cloudfront/prefix.js';
import { IS_WHOLE } from '../../support/whole.js';
import { everyProperty, OUR_RULES, type Rules } from './every-property.js';
import { Tally } from './named-property.js';
import { runProperties } from './run-properties.js';

/** Executions, and how often each thing is met at least. */
const [SHORT, LEAST_MET] = IS_WHOLE ? [25_000, 10] : [8_000, 3];
const names = everyProperty(OUR_RULES, new Tally()).map(({ name }) => name);

describe('properties of prefixes, policies and cookies', () => {
  it('hold for a short run of one seed, which meets what is accepted and what is refused', () => {
    const report = runProperties(OUR_RULES, { seed: 20261120, count: SHORT });
    expect(report.failures).toEqual([]);
    expect(report.executions).toBeGreaterThanOrEqual(SHORT);
    expect(Object.entries(report.met).filter(([, count]) => count < LEAST_MET)).toEqual([]);
  });

  it('have names of their own', () => {
    expect(new Set(names).size).toBe(names.length);
  });

  it('show the same failure again from its seed and path', () => {
    const broken: Rules = { ...OUR_RULES, covers: (wider, narrower) => narrower.startsWith(wider) };
    const [only = ''] = names.filter((name) => name.startsWith('covers'));
    const [failure = ''] = runProperties(broken, { seed: 5, count: 2_000, only }).failures;
    const path = /--path (\S+)/.exec(failure)?.[1] ?? 'none';
    expect(path).not.toBe('none');
    expect(runProperties(broken, { seed: 5, count: 1, only, path }).failures[0]).toContain(
      failure.split('\n')[1],
    );
  });
});

const { readPrefix, buildPolicy, readHeldCookies, settleHeld, formatSetCookie, issueLines } = OUR_RULES;

/** Mistakes that somebody could make, each beside the beginning of the property that must find it. */
const MISTAKES: readonly (readonly [mistake: string, finds: string, broken: Partial<Rules>])[] = [
  [
    'a trailing slash is taken off',
    'a text is canonical',
    { readPrefix: (value) => readPrefix(typeof value === 'string' ? value.replace(/\/$/, '') : value) },
  ],
  [
    'a percent-encoding is decoded',
    'a text is canonical',
    { readPrefix: (value) => readPrefix(typeof value === 'string' ? value.replaceAll('%2e', 'x') : value) },
  ],
  [
    'a refused entitlement prefix is judged, and proposed, with a letter in the place of {user}',
    'an entitlement prefix that is refused only',
    {
      readEntitlementPrefix: (value) =>
        readPrefix(typeof value === 'string' ? value.replace('{user}', 'u') : value),
    },
  ],
  [
    'an invisible character passes',
    'a character that no name may hold',
    { readPrefix: (value) => readPrefix(typeof value === 'string' ? value.replace(/\p{Cf}/gu, '') : value) },
  ],
  [
    'a refusal repeats what was sent',
    'a refusal is one readable line',
    { readPrefix: (value) => ({ ...readPrefix(value), detail: `not legal: ${String(value)}` }) },
  ],
  [
    'lower-case hex',
    'an accepted name is escaped',
    { escapedPrefix: (prefix) => encodeURI(prefix).replace(/%../g, (escape) => escape.toLowerCase()) },
  ],
  [
    'any escape is undone',
    'an escaped form is read back',
    { readEscapedPrefix: (text) => OUR_RULES.readEscapedPrefix(text.replaceAll('%61', 'a').toUpperCase()) },
  ],
  [
    'a compatibility form counts as another form',
    'NFC and NFD are two prefixes',
    {
      otherUnicodeForms: (prefix) => [{ form: 'NFC', prefix: prefix.normalize('NFKC') as Prefix }],
    },
  ],
  [
    'the limit counts characters instead of bytes',
    'a text is canonical',
    {
      readPrefix: (value) =>
        typeof value === 'string' && value.length <= 512 && Buffer.byteLength(value) > 512
          ? { fault: 'prefix_invalid', detail: '' }
          : readPrefix(value),
    },
  ],
  [
    'an object is asked for its text',
    'what is no text',
    { readPrefix: (value) => readPrefix(Array.isArray(value) ? String(value) : value) },
  ],
  [
    'a neighbour counts as below',
    'covers is containment',
    { covers: (wider, narrower) => wider === '/' || narrower.startsWith(wider) },
  ],
  [
    'the whole distribution is no ancestor',
    'the ancestors are',
    { ancestorsOf: (prefix) => OUR_RULES.ancestorsOf(prefix).slice(0, -1) },
  ],
  [
    '{user} opens whatever the id is',
    'for every caller',
    { openedPrefix: (row, viewer) => row.replace('{user}', viewer.id) as Prefix },
  ],
  [
    'two statements',
    'a policy has one statement',
    {
      buildPolicy: (input) => {
        const { text, resource } = buildPolicy(input);
        return { text: text.replace('[', '[{},'), resource };
      },
    },
  ],
  [
    'a wildcard without its slash',
    'it opens a request target',
    { resourceFor: (url, prefix) => `${url}/${prefix === '/' ? '' : prefix}*` },
  ],
  [
    'a policy of a prefix that nobody read',
    'a refused text stays refused',
    {
      buildPolicy: ({ cloudFrontUrl, prefix }) => ({
        text: `${cloudFrontUrl}/${prefix}/*`,
        resource: prefix,
      }),
    },
  ],
  [
    'milliseconds',
    'an end that is no whole number',
    {
      buildPolicy: (input) =>
        buildPolicy({
          ...input,
          expiresAtEpochSeconds: Math.min(input.expiresAtEpochSeconds, 9_999_999_999),
        }),
    },
  ],
  [
    'a distribution with a path',
    'nothing but a scheme',
    { resourceFor: (url, prefix) => `${url}/${prefix}/*` },
  ],
  [
    'a line without Secure',
    'a grant is five lines',
    { issueLines: (...of) => issueLines(...of).map((line) => line.replace('; Secure', '')) },
  ],
  [
    'a clear without its Domain',
    'what was set is what a clear names',
    { clearLines: (scope, place) => OUR_RULES.clearLines(scope, { ...place, domain: null }) },
  ],
  [
    'a Path as it came',
    'a line is read back',
    { formatSetCookie: (cookie) => formatSetCookie({ ...cookie, path: '/p' }).replace('/p', cookie.path) },
  ],
  ['base64url', "CloudFront's base64", { toCloudFrontBase64: (bytes) => bytes.toString('base64url') }],
  [
    'a name that only ends like it',
    'of a Cookie header',
    {
      cookieValues: (header, isAsked) =>
        OUR_RULES.cookieValues(header?.replaceAll(/\w+(?=a=)/g, ''), isAsked),
    },
  ],
  [
    'a Domain that is forgotten',
    'what was written is read back',
    { formatHeldValue: (record) => OUR_RULES.formatHeldValue({ ...record, domain: null }) },
  ],
  [
    'expired grants',
    'whatever a browser sends',
    { readHeldCookies: (header, own, current) => readHeldCookies(header, own, current, 0) },
  ],
  [
    'the first of one name alone',
    'whatever a browser sends',
    {
      readHeldCookies: (header, own, current, now) =>
        readHeldCookies(header?.split(';')[0], own, current, now),
    },
  ],
  [
    'nested grants',
    'in whatever order grants come',
    {
      settleHeld: (held, viewer, current, added) => ({
        kept: [...held, ...(added ? [added] : [])],
        cleared: settleHeld(held, viewer, current, added).cleared,
      }),
    },
  ],
  [
    "another viewer's grants that stay",
    'in whatever order grants come',
    { settleHeld: (held, _viewer, current, added) => settleHeld(held, undefined, current, added) },
  ],
  [
    'everything is cleared at once',
    'a call that grants nothing',
    { settleHeld: (held) => ({ kept: [], cleared: held }) },
  ],
];

describe('a mistake is found by the property that forbids it', () => {
  it.each(MISTAKES)('%s', (_, finds, broken) => {
    const [only = '', ...others] = names.filter((name) => name.startsWith(finds));
    expect(others).toEqual([]);
    expect(only).not.toBe('');
    const { failures } = runProperties({ ...OUR_RULES, ...broken }, { seed: 20261120, count: 3_000, only });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(`property: ${only}\ncounterexample: [`);
  });
});
