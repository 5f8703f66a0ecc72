import type { KeyObject } from 'node:crypto';
import type { Switches } from '../distribution/switches.js';
import type { Credentials } from './credentials.js';
import type { Ipv4Range, Policy } from './policy.js';
import { resourceMatcher, type CoversUrl } from './resource-match.js';

const MAX_REMEMBERED = 1000;
/** A cookie that a browser keeps is shorter; what is longer is verified each time. */
const MAX_TEXT_LENGTH = 8192;

/** What a policy demands beside its Resource, with dates as numbers: what such a number rounds is 2^53 seconds away. */
export interface PolicyConditions {
  readonly lessThan: number;
  readonly greaterThan: number | null;
  readonly sourceIp: Ipv4Range | null;
}

/** A custom policy whose signature was verified, and the addresses that it is about. */
export interface VerifiedPolicy extends PolicyConditions {
  readonly resource: string | null;
  readonly covers: CoversUrl;
}

/** What a policy demands, its dates read once. */
export function conditionsOf({ dateLessThan, dateGreaterThan, sourceIp }: Policy): PolicyConditions {
  return {
    lessThan: Number(dateLessThan),
    greaterThan: dateGreaterThan === null ? null : Number(dateGreaterThan),
    sourceIp,
  };
}

/** The key and the policy of a whole `Cookie` header that opened something. */
interface VerifiedCookies {
  readonly header: string;
  readonly keyPairId: string;
  readonly publicKey: KeyObject;
  readonly verified: VerifiedPolicy;
}

/**
 * Custom policies of one distribution whose signature was verified, by exactly what was presented: key, policy,
 * signature and hash. Their conditions are checked for each request. Only what a trusted key signed gets in, so nobody
 * else can push the others out.
 */
export class VerifiedPolicies {
  private readonly byKey = new WeakMap<KeyObject, Map<string, VerifiedPolicy>>();
  private readonly byCookies = new Map<number, VerifiedCookies>();
  private readonly matchers = new Map<string, CoversUrl>();

  /**
   * The policy of a `Cookie` header that came before, byte for byte; it need not even be read. Undefined when the key that
   * verified it is not trusted here.
   */
  ofCookies(
    header: string | undefined,
    trustedKeys: ReadonlyMap<string, KeyObject>,
  ): VerifiedPolicy | undefined {
    const known = header === undefined ? undefined : this.byCookies.get(fingerprint(header));
    if (known === undefined || known.header !== header) return undefined;
    return trustedKeys.get(known.keyPairId) === known.publicKey ? known.verified : undefined;
  }

  /** The matcher of a Resource, one for all policies that name it: it is most of the memory that a policy takes. */
  matcherOf(resource: string, switches: Switches): CoversUrl {
    const known = this.matchers.get(resource);
    if (known !== undefined) return known;
    const matcher = resourceMatcher(resource, switches);
    if (resource.length <= MAX_TEXT_LENGTH) keep(this.matchers, resource, matcher);
    return matcher;
  }

  find(publicKey: KeyObject, credentials: Credentials): VerifiedPolicy | undefined {
    const text = textOf(credentials);
    const policies = this.byKey.get(publicKey);
    const verified = text === null ? undefined : policies?.get(text);
    if (text === null || verified === undefined) return undefined;
    // The last one used stands last.
    policies?.delete(text);
    policies?.set(text, verified);
    return verified;
  }

  remember(publicKey: KeyObject, credentials: Credentials, verified: VerifiedPolicy): void {
    const text = textOf(credentials);
    if (text === null) return;
    let policies = this.byKey.get(publicKey);
    if (policies === undefined) this.byKey.set(publicKey, (policies = new Map()));
    keep(policies, text, verified);
  }

  /** The same for the whole header that these credentials were read from. */
  rememberCookies(
    header: string | undefined,
    publicKey: KeyObject,
    credentials: Credentials,
    verified: VerifiedPolicy,
  ): void {
    const { carrier, keyPairId, duplicates } = credentials;
    if (header === undefined || header.length > MAX_TEXT_LENGTH || keyPairId === null) return;
    // Of cookies that came twice the log speaks each time.
    if (carrier !== 'cookie' || duplicates.length > 0 || textOf(credentials) === null) return;
    keep(this.byCookies, fingerprint(header), { header, keyPairId, publicKey, verified });
  }
}

/**
 * A number by which a header is found before it is compared: comparing 700 characters takes less time than hashing them.
 * Of two headers with one fingerprint the later one is remembered.
 */
function fingerprint(header: string): number {
  const step = Math.max(1, Math.floor(header.length / 24));
  let sum = header.length;
  for (let at = 0; at < header.length; at += step) sum = (Math.imul(sum, 31) + header.charCodeAt(at)) | 0;
  return sum;
}

/** The one that was put in first goes first. */
function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_REMEMBERED) return;
    map.delete(oldest);
  }
}

/** Null for a canned policy, which is about one address and one date, and for what may be either (R43). */
function textOf({ carrier, policy, signature, expires, hashAlgorithm }: Credentials): string | null {
  if (policy === null || signature === null || expires !== null) return null;
  const text = [carrier, hashAlgorithm ?? '', signature, policy].join('\n');
  return text.length > MAX_TEXT_LENGTH ? null : text;
}
