import { verify, type KeyObject } from 'node:crypto';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import { fromCloudFrontBase64, toCloudFrontBase64 } from '../policy.js';
import type { SigningKey } from '../keys/signing-key.js';

export type HashAlgorithm = 'SHA1' | 'SHA256';

/** A policy of the past: its signature opens nothing, so it may be made and thrown away. */
export const PROBE_POLICY =
  '{"Statement":[{"Resource":"https://probe.invalid/*","Condition":{"DateLessThan":{"AWS:EpochTime":1}}}]}';

/** Signs on this thread. Takes the finished policy text; gives the value of `CloudFront-Signature`. */
export function signPolicy(key: SigningKey, hashAlgorithm: HashAlgorithm, policyText: string): string {
  return sdkCookies(key, hashAlgorithm, policyText)['CloudFront-Signature'];
}

/** Whether a `CloudFront-Signature` verifies, with node:crypto alone (DER for ECDSA). */
export function isSignatureOf(
  publicKey: KeyObject,
  hashAlgorithm: HashAlgorithm,
  policyText: string,
  signature: string,
): boolean {
  return verify(hashAlgorithm, Buffer.from(policyText), publicKey, fromCloudFrontBase64(signature));
}

/**
 * Signs a probe and checks everything that the signer package gives back, so that a release of it that
 * ignores the KeyObject, the hash or the policy stops the start instead of every viewer.
 * Throws Error naming what differs.
 */
export function checkSignerPackage(key: SigningKey, hashAlgorithm: HashAlgorithm): void {
  const { 'CloudFront-Signature': signature, ...rest } = probe(key, hashAlgorithm);
  const wanted: Readonly<Record<string, string>> = {
    'CloudFront-Key-Pair-Id': key.keyPairId,
    'CloudFront-Policy': toCloudFrontBase64(Buffer.from(PROBE_POLICY)),
    ...(hashAlgorithm === 'SHA256' ? { 'CloudFront-Hash-Algorithm': 'SHA256' } : {}),
  };
  const given: Readonly<Record<string, unknown>> = { ...rest };
  const differing = [...new Set([...Object.keys(wanted), ...Object.keys(given)])].filter(
    (name) => wanted[name] !== given[name],
  );
  if (!isSignatureOf(key.publicKey, hashAlgorithm, PROBE_POLICY, signature)) {
    differing.push('CloudFront-Signature');
  }
  if (differing.length === 0) return;
  throw new Error(
    `expected @aws-sdk/cloudfront-signer to sign a probe policy with ${key.type} and ${hashAlgorithm}, but ${differing.join(', ')} came out different: install the version that edgepass names`,
  );
}

function probe(key: SigningKey, hashAlgorithm: HashAlgorithm) {
  try {
    return sdkCookies(key, hashAlgorithm, PROBE_POLICY);
  } catch (cause) {
    // Some hardened systems switch SHA-1 signatures off; CloudFront takes SHA-256 as well (R2).
    throw new Error(
      `expected this machine to sign with ${key.type} and ${hashAlgorithm}, but its OpenSSL refuses: use the hash algorithm SHA256`,
      { cause },
    );
  }
}

function sdkCookies(key: SigningKey, algorithm: HashAlgorithm, policy: string) {
  return getSignedCookies({
    policy,
    keyPairId: key.keyPairId,
    // The package's type knows PEM text only; node:crypto takes a KeyObject and parses nothing.
    privateKey: key.privateKey as unknown as string,
    algorithm,
  });
}
