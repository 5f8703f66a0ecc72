import { describe, expect, it } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import {
  ALIAS,
  cookieHeader,
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
  const policy = { resource: '*', dateLessThan: 1n, dateGreaterThan: null, sourceIp: null };
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

  it('takes no canned policy and nothing longer than a cookie', () => {
    const verified = new VerifiedPolicies();
    const canned = { ...credentials, policy: null, expires: '1' };
    const long = { ...credentials, policy: 'x'.repeat(8192) };
    for (const one of [canned, long]) verified.remember(key, one, policy);
    expect([verified.find(key, canned), verified.find(key, long)]).toEqual([undefined, undefined]);
  });
});
