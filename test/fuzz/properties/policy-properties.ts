import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type * as policy from '../../../src/cloudfront/policy.js';
import { DEFAULT_SWITCHES } from '../../../packages/edge/src/distribution/switches.js';
import { readPolicy } from '../../../packages/edge/src/viewer-access/policy.js';
import { coversUrl } from '../../../packages/edge/src/viewer-access/resource-match.js';
import { splitTarget } from '../../../packages/edge/src/viewer-request.js';
import type { Prefix } from '../../../src/cloudfront/prefix.js';
import { type NamedProperty, type Tally, named } from './named-property.js';
import { escapedOf, faultOfPrefix } from './prefix-oracle.js';
import { anyTexts, canonicalPrefixes } from './texts.js';

/** The code under test. */
export type PolicyRules = Pick<typeof policy, 'buildPolicy' | 'resourceFor'>;

const HOST_AND_PORT = new Set('abcdefghijklmnopqrstuvwxyz0123456789-_.:[]');
const LAST_EPOCH_SECONDS = 9_999_999_999;
const hosts = fc.constantFrom(
  'cdn.example.com',
  'd111111abcdef8.cloudfront.net',
  'cdn.edgepass.localhost:3002',
);
const urls = hosts.map((host) => `https://${host}`);
const ends = fc.oneof(
  fc.integer({ min: 1, max: LAST_EPOCH_SECONDS }),
  fc.constantFrom(1, LAST_EPOCH_SECONDS, 1_795_158_900),
);
const oddEnds = fc.oneof(
  fc.double(),
  fc.integer({ min: -10, max: 0 }),
  fc.integer({ min: LAST_EPOCH_SECONDS + 1, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(Number.NaN, Infinity, -0, 1e21),
  anyTexts.map((text) => text as unknown as number),
  ends.map((end) => String(end) as unknown as number),
);
const oddUrls = fc.oneof(
  urls,
  fc.tuple(urls, anyTexts).map(([url, text]) => url + text),
  anyTexts.map((text) => `https://${text}`),
  fc.constantFrom(
    'https://*',
    'http*://cdn.example.com',
    'https://cdn.example.com/',
    'https://cdn.example.com:0',
  ),
  anyTexts,
);

/** What docs/rules.md says of the policy of a prefix. */
export function policyProperties(rules: PolicyRules, tally: Tally): readonly NamedProperty[] {
  const { buildPolicy, resourceFor } = rules;
  return [
    named(
      'a policy has one statement, one Resource with one final wildcard, and one end in whole seconds',
      fc.property(urls, canonicalPrefixes, ends, (cloudFrontUrl, prefix, end) => {
        const { text, resource } = buildPolicy({ cloudFrontUrl, prefix, expiresAtEpochSeconds: end });
        const expected = `${cloudFrontUrl}${prefix === '/' ? '' : `/${escapedOf(prefix)}`}/*`;
        assert.equal(resource, expected);
        assert.equal(resourceFor(cloudFrontUrl, prefix), expected);
        assert.deepEqual(JSON.parse(text), {
          Statement: [{ Resource: expected, Condition: { DateLessThan: { 'AWS:EpochTime': end } } }],
        });
        assert.equal(text.split('*').length, 2);
        assert.ok(text.includes(`${expected}"`));
        assert.equal(text.split('Resource').length, 2);
        assert.equal(text.split('Statement').length, 2);
        assert.ok(/^[\x21-\x7e]+$/.test(text));
        assert.ok(text.endsWith(`"AWS:EpochTime":${String(end)}}}}]}`));
      }),
    ),
    named(
      'the edge, which shares no code with the signer, reads the same out of it',
      fc.property(urls, canonicalPrefixes, ends, (cloudFrontUrl, prefix, end) => {
        const { text, resource } = buildPolicy({ cloudFrontUrl, prefix, expiresAtEpochSeconds: end });
        assert.deepEqual(readPolicy(Buffer.from(text)), {
          resource,
          dateLessThan: BigInt(end),
          dateGreaterThan: null,
          sourceIp: null,
        });
      }),
    ),
    named(
      'it opens a request target exactly when that lies below the prefix',
      fc.property(
        hosts,
        canonicalPrefixes,
        anyTexts,
        fc.constantFrom(
          'inside',
          'beside',
          'anywhere',
          'elsewhere',
          'raw',
          'lower',
          'unescaped',
          'NFC',
          'NFD',
          'folded',
        ),
        (host, prefix, text, where) => {
          const escaped = escapedOf(prefix);
          const inside = prefix === '/' ? '/' : `/${escaped}/`;
          const target = Buffer.from(
            {
              inside: inside + text,
              beside: `/${escaped}${text}`,
              anywhere: `/${text}`,
              elsewhere: inside + text,
              // The same folder to a reader who decodes, normalises or folds: other bytes to CloudFront.
              raw: `/${prefix}/${text}`,
              lower: `${inside.replace(/%../g, (escape) => escape.toLowerCase())}${text}`,
              unescaped: `/${escaped.replaceAll("'", '%27').replaceAll('(', '%28').replaceAll('a', '%61')}/${text}`,
              NFC: `/${escapedOf(prefix.normalize('NFC'))}/${text}`,
              NFD: `/${escapedOf(prefix.normalize('NFD'))}/${text}`,
              folded: `/${escapedOf(prefix.toLowerCase())}/${text}`,
            }[where],
          ).toString('latin1');
          const { path, query } = splitTarget(target);
          const resource = resourceFor(`https://${host}`, prefix);
          const asked = where === 'elsewhere' ? `${host}.evil.example` : host;
          const isOpen = coversUrl(
            resource,
            { protocol: 'https', host: asked, path, query },
            DEFAULT_SWITCHES,
          );
          const isInside = where !== 'elsewhere' && target.startsWith(inside);
          tally.count(isOpen ? 'targets: opened' : 'targets: closed');
          assert.equal(isOpen, isInside);
        },
      ),
    ),
    named(
      'a refused text stays refused: no cast brings it into a policy',
      fc.property(urls, anyTexts, ends, (cloudFrontUrl, text, end) => {
        if (faultOfPrefix(text) === null) return;
        const cast = text as Prefix;
        assert.throws(
          () => buildPolicy({ cloudFrontUrl, prefix: cast, expiresAtEpochSeconds: end }),
          TypeError,
        );
      }),
    ),
    named(
      'an end that is no whole number of seconds is in no policy',
      fc.property(urls, canonicalPrefixes, oddEnds, (cloudFrontUrl, prefix, end) => {
        const isLegal =
          typeof end === 'number' && Number.isInteger(end) && end > 0 && end <= LAST_EPOCH_SECONDS;
        const build = () => buildPolicy({ cloudFrontUrl, prefix, expiresAtEpochSeconds: end });
        if (isLegal) assert.ok(build().text.endsWith(`:${end}}}}]}`));
        else assert.throws(build, TypeError);
      }),
    ),
    named(
      'nothing but a scheme, a host and a port comes before the path of a Resource',
      fc.property(oddUrls, canonicalPrefixes, (cloudFrontUrl, prefix) => {
        let resource: string;
        try {
          resource = resourceFor(cloudFrontUrl, prefix);
        } catch (error) {
          tally.count('distributions: refused');
          assert.ok(error instanceof TypeError);
          return;
        }
        tally.count('distributions: accepted');
        const [scheme, empty, authority = '', ...rest] = cloudFrontUrl.split('/');
        assert.ok(scheme === 'https:' || scheme === 'http:');
        assert.deepEqual([empty, ...rest], ['']);
        assert.ok(Array.from(authority).every((sign) => HOST_AND_PORT.has(sign)));
        // Not every such text is an address (`a.5` is none), but one that is has nothing else in it.
        if (URL.canParse(cloudFrontUrl)) {
          const { username, password, pathname, search, hash } = new URL(cloudFrontUrl);
          assert.deepEqual([username, password, pathname, search, hash], ['', '', '/', '', '']);
        }
        assert.equal(resource, `${cloudFrontUrl}${prefix === '/' ? '' : `/${escapedOf(prefix)}`}/*`);
      }),
    ),
  ];
}
