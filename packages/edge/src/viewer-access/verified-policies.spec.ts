import { describe, expect, it } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import {
  ALIAS,
  cookieHeader,
  ecKey,
  NOW,
  policyText,
  rsaKey,
  signPolicy,
  type SignedValues,
} from '../../../../test/support/edge-fixture.js';
import { DEFAULT_SWITCHES } from '../distribution/switches.js';
import { authorizeViewer } from './authorize-viewer.js';
import { VerifiedPolicies } from './verified-policies.js';

const KEY = rsaKey('KVIEWER1');
const OTHER = rsaKey('KVIEWER1');
const POLICY = policyText(`https://${ALIAS}/a/*`);
const SIGNED = signPolicy(POLICY, KEY);

/** Checks one request after the other with one memory; gives the reasons of the refusals. */
function withMemory(key = KEY) {
  const verified = new VerifiedPolicies();
  const keys = new Map([[KEY.id, createPublicKey(key.publicPem)]]);
  return (cookies: SignedValues, path = '/a/1', now = NOW, trusted = keys) => {
    const url = { protocol: 'https' as const, host: ALIAS, path, query: null };
    const request = { ...url, headers: { cookie: cookieHeader(cookies) }, peerAddress: '192.0.2.7' };
    const decision = authorizeViewer(request, {
      distribution: { publicHosts: new Map(), switches: DEFAULT_SWITCHES },
      behavior: { trustedKeys: trusted },
      nowEpochSeconds: now,
      verified,
    });
    return decision.refusal?.reason ?? null;
  };
}

describe('a signature that was verified before', () => {
  it('opens again what it opened', () => {
    const ask = withMemory();
    expect([ask(SIGNED), ask(SIGNED), ask(SIGNED, '/a/2')]).toEqual([null, null, null]);
  });

  it('opens nothing else, and nothing after its time (R18, R28)', () => {
    const ask = withMemory();
    ask(SIGNED);
    expect(ask(SIGNED, '/b/1')).toBe('resource-does-not-cover-url');
    expect(ask(SIGNED, '/a/1', NOW + 3600)).toBe('expired');
    expect(ask(SIGNED)).toBeNull();
  });

  it('does not help another policy, signature, hash marker or key', () => {
    const ask = withMemory();
    ask(SIGNED);
    const wider = signPolicy(policyText(`https://${ALIAS}/*`), KEY);
    const wrong = 'signature-does-not-verify';
    expect(ask({ ...SIGNED, Policy: wider['Policy'] ?? '' })).toBe(wrong);
    expect(ask({ ...SIGNED, Signature: wider['Signature'] ?? '' })).toBe(wrong);
    expect(ask({ ...SIGNED, 'Hash-Algorithm': 'SHA256' })).toBe(wrong);
    const others = new Map([[KEY.id, createPublicKey(OTHER.publicPem)]]);
    expect(ask(SIGNED, '/a/1', NOW, others)).toBe(wrong);
  });

  it('does not help a behavior that trusts another key under the same id, nor one that trusts none of it', () => {
    const ask = withMemory();
    ask(SIGNED);
    const other = createPublicKey(ecKey('KVIEWER2').publicPem);
    expect(ask(SIGNED, '/a/1', NOW, new Map([[KEY.id, other]]))).toBe('signature-does-not-verify');
    expect(ask(SIGNED, '/a/1', NOW, new Map([['KVIEWER2', other]]))).toBe('key-pair-id-not-trusted-here');
    expect(ask(SIGNED)).toBeNull();
  });

  it('stands behind a signed URL, as unknown cookies do (R42)', () => {
    const verified = new VerifiedPolicies();
    const ask = (query: string | null) =>
      authorizeViewer(
        {
          protocol: 'https',
          host: ALIAS,
          path: '/a/1',
          query,
          headers: { cookie: cookieHeader(SIGNED) },
          peerAddress: '192.0.2.7',
        },
        {
          distribution: { publicHosts: new Map(), switches: DEFAULT_SWITCHES },
          behavior: { trustedKeys: new Map([[KEY.id, createPublicKey(KEY.publicPem)]]) },
          nowEpochSeconds: NOW,
          verified,
        },
      ).refusal?.reason ?? null;
    expect([ask(null), ask('v=1'), ask('Key-Pair-Id=KUNKNOWN')]).toEqual([
      null,
      null,
      'key-pair-id-not-trusted-here',
    ]);
  });

  it('is needed: a refused one is refused again', () => {
    const ask = withMemory(OTHER);
    expect([ask(SIGNED), ask(SIGNED)]).toEqual(['signature-does-not-verify', 'signature-does-not-verify']);
  });
});

describe('the memory of verified policies', () => {
  const credentials = {
    carrier: 'cookie',
    keyPairId: 'K',
    signature: 's',
    policy: 'p',
    expires: null,
    hashAlgorithm: null,
    duplicates: [],
  } as const;
  const policy = { resource: '*', lessThan: 1, greaterThan: null, sourceIp: null, covers: () => true };
  const key = createPublicKey(KEY.publicPem);

  it('holds the thousand that were used last', () => {
    const verified = new VerifiedPolicies();
    const at = (index: number) => ({ ...credentials, signature: String(index) });
    for (let index = 0; index < 1000; index += 1) verified.remember(key, at(index), policy);
    verified.find(key, at(0));
    verified.remember(key, at(1000), policy);
    expect([verified.find(key, at(0)), verified.find(key, at(1)), verified.find(key, at(1000))]).toEqual([
      policy,
      undefined,
      policy,
    ]);
  });

  it('holds a thousand whole headers, those with one credential of each name', () => {
    const verified = new VerifiedPolicies();
    const trusted = new Map([['K', key]]);
    const twice = { ...credentials, duplicates: ['CloudFront-Policy'] };
    const canned = { ...credentials, policy: null, expires: '1' };
    for (const one of [twice, canned, { ...credentials, carrier: 'url' } as const]) {
      verified.rememberCookies('a=1', key, one, policy);
    }
    expect(verified.ofCookies('a=1', trusted)).toBeUndefined();
    for (let index = 0; index <= 1000; index += 1) {
      verified.rememberCookies(`a=${index}`, key, credentials, policy);
    }
    expect([verified.ofCookies('a=0', trusted), verified.ofCookies('a=1', trusted)]).toEqual([
      undefined,
      policy,
    ]);
  });

  it('reads a Resource that many policies name once', () => {
    const verified = new VerifiedPolicies();
    const [one, same, other] = ['https://a/*', 'https://a/*', 'https://b/*'].map((resource) =>
      verified.matcherOf(resource, DEFAULT_SWITCHES),
    );
    const url = { protocol: 'https', host: 'a', path: '/1', query: null } as const;
    expect([one === same, one?.(url), other?.(url)]).toEqual([true, true, false]);
  });

  it('takes no canned policy and nothing longer than a cookie', () => {
    const verified = new VerifiedPolicies();
    const canned = { ...credentials, policy: null, expires: '1' };
    const long = { ...credentials, policy: 'x'.repeat(8192) };
    for (const one of [canned, long]) verified.remember(key, one, policy);
    expect([verified.find(key, canned), verified.find(key, long)]).toEqual([undefined, undefined]);
  });
});
