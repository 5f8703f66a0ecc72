import type { KeyObject } from 'node:crypto';
import type { Credentials } from './credentials.js';
import type { Policy } from './policy.js';

const MAX_REMEMBERED = 1000;
/** A cookie that a browser keeps is shorter; what is longer is verified each time. */
const MAX_TEXT_LENGTH = 8192;

/**
 * Custom policies whose signature was verified, by exactly what was presented: key, policy, signature and
 * hash. Their conditions are checked for each request. Only what a trusted key signed gets in, so nobody
 * else can push the others out.
 */
export class VerifiedPolicies {
  private readonly byKey = new WeakMap<KeyObject, Map<string, Policy>>();

  find(publicKey: KeyObject, credentials: Credentials): Policy | undefined {
    const text = textOf(credentials);
    const policies = this.byKey.get(publicKey);
    const policy = text === null ? undefined : policies?.get(text);
    if (text === null || policy === undefined) return undefined;
    // The last one used stands last.
    policies?.delete(text);
    policies?.set(text, policy);
    return policy;
  }

  remember(publicKey: KeyObject, credentials: Credentials, policy: Policy): void {
    const text = textOf(credentials);
    if (text === null) return;
    let policies = this.byKey.get(publicKey);
    if (policies === undefined) this.byKey.set(publicKey, (policies = new Map()));
    policies.set(text, policy);
    for (const oldest of policies.keys()) {
      if (policies.size <= MAX_REMEMBERED) return;
      policies.delete(oldest);
    }
  }
}

/** Null for a canned policy, which is about one address and one date, and for what may be either (R43). */
function textOf({ carrier, policy, signature, expires, hashAlgorithm }: Credentials): string | null {
  if (policy === null || signature === null || expires !== null) return null;
  const text = [carrier, hashAlgorithm ?? '', signature, policy].join('\n');
  return text.length > MAX_TEXT_LENGTH ? null : text;
}
