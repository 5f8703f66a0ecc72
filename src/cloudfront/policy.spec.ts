import { describe, expect, it } from '@jest/globals';
import { signatureVectors } from '../../test/support/signature-vectors.js';
import { buildPolicy, resourceFor } from './policy.js';
import { readPrefix, type Prefix } from './prefix.js';

const cloudFrontUrl = 'https://cdn.example.com';
const algebra = read('courses/algebra');

function read(text: string): Prefix {
  const result = readPrefix(text);
  if ('fault' in result) throw new Error(result.fault);
  return result.prefix;
}

describe('buildPolicy', () => {
  it('is one statement, one Resource ending in the only wildcard, and one end (C07, R12, R15, R16)', () => {
    expect(buildPolicy({ cloudFrontUrl, prefix: algebra, expiresAtEpochSeconds: 1_795_158_900 })).toEqual({
      text: '{"Statement":[{"Resource":"https://cdn.example.com/courses/algebra/*","Condition":{"DateLessThan":{"AWS:EpochTime":1795158900}}}]}',
      resource: 'https://cdn.example.com/courses/algebra/*',
    });
  });

  it.each(signatureVectors.policies)('spells $resource as the vectors do', (vector) => {
    const policy = buildPolicy({
      cloudFrontUrl: vector.cloudFrontUrl,
      prefix: read(vector.prefix),
      expiresAtEpochSeconds: vector.expiresAtEpochSeconds,
    });
    expect(policy).toEqual({ text: vector.text, resource: vector.resource });
  });

  it('escapes a name as browsers send it (R26)', () => {
    const prefix = read("courses/선형 대수 (L'été)");
    const { text, resource } = buildPolicy({ cloudFrontUrl, prefix, expiresAtEpochSeconds: 1_795_158_900 });
    expect(resource).toBe(
      "https://cdn.example.com/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98%20(L'%C3%A9t%C3%A9)/*",
    );
    expect(text).toContain(`"Resource":"${resource}"`);
  });

  it.each([
    ['milliseconds', 1_795_158_900_000],
    ['11 digits', 10_000_000_000],
    ['a fraction', 1_795_158_900.5],
    ['zero', 0],
    ['a negative number', -1],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a text', '1795158900' as unknown as number],
  ])('refuses %s as an end', (_, expiresAtEpochSeconds) => {
    expect(() => buildPolicy({ cloudFrontUrl, prefix: algebra, expiresAtEpochSeconds })).toThrow(TypeError);
  });

  it('says that milliseconds look like milliseconds (R29)', () => {
    expect(() =>
      buildPolicy({ cloudFrontUrl, prefix: algebra, expiresAtEpochSeconds: 1_795_158_900_000 }),
    ).toThrow(
      'expected epoch seconds, a positive whole number of at most 10 digits, got 1795158900000: this looks like milliseconds, divide by 1000',
    );
  });

  it.each([
    ['a wildcard', 'private/*/x'],
    ['a one-character wildcard', 'private/a?'],
    ['a quotation mark', 'a","Condition":{"DateLessThan":{"AWS:EpochTime":9999999999}}}]}'],
    ['a blank at the end', 'a '],
    ['an invisible character', 'a\u200bb'],
    ['a backslash', 'a\\b'],
    ['a line end', 'a\n'],
    ['dots', 'private/../b'],
    ['an escape', 'private/%2e%2e'],
    ['an empty segment', 'private//a'],
    ['nothing at all', ''],
  ])('refuses a cast that smuggles %s past readPrefix', (_, smuggled) => {
    expect(() =>
      buildPolicy({ cloudFrontUrl, prefix: smuggled as Prefix, expiresAtEpochSeconds: 1_795_158_900 }),
    ).toThrow(
      'expected a policy with one statement for one canonical prefix: read it with readPrefix or readFilePath first',
    );
  });
});

describe('resourceFor', () => {
  it('of the whole distribution is every path of it', () => {
    expect(resourceFor(cloudFrontUrl, read('/'))).toBe('https://cdn.example.com/*');
  });

  it('keeps the port of a local edge', () => {
    expect(resourceFor('https://cdn.edgepass.localhost:3002', algebra)).toBe(
      'https://cdn.edgepass.localhost:3002/courses/algebra/*',
    );
  });

  it.each([
    ['a wildcard host', 'https://*'],
    ['a wildcard label', 'https://*.example.com'],
    ['a wildcard scheme', 'http*://cdn.example.com'],
    ['a one-character wildcard', 'https://cd?.example.com'],
    ['a path', 'https://cdn.example.com/media'],
    ['a trailing slash', 'https://cdn.example.com/'],
    ['a query', 'https://cdn.example.com?x=1'],
    ['credentials', 'https://user:pass@cdn.example.com'],
    ['port 0', 'https://cdn.example.com:0'],
    ['no scheme', 'cdn.example.com'],
    ['another scheme', 'ftp://cdn.example.com'],
    ['upper case', 'https://CDN.example.com'],
    ['a line end', 'https://cdn.example.com\n'],
    ['a quotation mark', 'https://cdn.example.com"'],
  ])('refuses a distribution with %s (C05)', (_, url) => {
    expect(() => resourceFor(url, algebra)).toThrow(
      'expected the distribution as scheme and lower-case host, https://cdn.example.com, without path, query, wildcard or trailing slash',
    );
  });
});
