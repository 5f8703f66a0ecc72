import type { KeyObject } from 'node:crypto';
import type { Behavior, Distribution } from '../distribution/distribution.js';
import type { Switches } from '../distribution/switches.js';
import type { ViewerRequest, ViewerUrl } from '../viewer-request.js';
import { isSignedUrl, readCredentials, withoutReservedParameters, type Credentials } from './credentials.js';
import { rangeHolds } from './policy.js';
import { refuse, Refused, type Refusal } from './refusal.js';
import { resourceMatcher } from './resource-match.js';
import { verifyStatement } from './signed-statement.js';
import {
  conditionsOf,
  type PolicyConditions,
  type VerifiedPolicies,
  type VerifiedPolicy,
} from './verified-policies.js';

/** What of a request decides about access; cookies are read from its headers. */
export type AccessRequest = Pick<
  ViewerRequest,
  'protocol' | 'host' | 'path' | 'query' | 'headers' | 'peerAddress'
>;

/** What a request is checked against. */
export interface AccessContext {
  readonly distribution: Pick<Distribution, 'publicHosts' | 'switches'>;
  readonly behavior: Pick<Behavior, 'trustedKeys'>;
  readonly nowEpochSeconds: number;
  /** Signatures that need not be computed again; everything else is checked each time. */
  readonly verified?: VerifiedPolicies;
}

/** Whether one request may have what it asks for, and what the log should say beside it. */
export interface AccessDecision {
  /** Null: the viewer may have it. */
  readonly refusal: Refusal | null;
  readonly notices: readonly string[];
}

/**
 * Decides as CloudFront does whether the signed URL or the signed cookies of a request open its address under a
 * behavior. A behavior that trusts no key opens to everybody. The order of the checks: key id present, key known,
 * values decodable, signature valid, conditions met, address covered.
 *
 * @example
 * const decision = authorizeViewer(
 *   { protocol: 'https', host: 'cdn.example.com', path: '/a.mp4', query: null, headers: { cookie }, peerAddress: '' },
 *   { distribution, behavior: findBehavior(distribution, '/a.mp4'), nowEpochSeconds: Date.now() / 1000 },
 * );
 * console.log(decision.refusal?.reason ?? 'opened');
 */
export function authorizeViewer(request: AccessRequest, context: AccessContext): AccessDecision {
  const { trustedKeys } = context.behavior;
  const notices: string[] = [];
  // R45: nothing is asked for, and what is sent all the same is not looked at.
  if (trustedKeys === null) return { refusal: null, notices };
  try {
    authorize(request, trustedKeys, context, notices);
    return { refusal: null, notices };
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.refusal, notices };
    throw error;
  }
}

/** The checks of R39–R44 in the order of R58. */
function authorize(
  request: AccessRequest,
  trustedKeys: ReadonlyMap<string, KeyObject>,
  context: AccessContext,
  notices: string[],
): void {
  const { switches } = context.distribution;
  const { verified } = context;
  const isUrl = isSignedUrl(request.query);
  const seen = isUrl ? undefined : verified?.ofCookies(request.headers.cookie, trustedKeys);
  if (seen !== undefined) {
    checkCustom(request, seen, 'cookie', context, notices);
    return;
  }
  const credentials = readCredentials(request.query, request.headers.cookie, switches);
  noticeDuplicates(credentials, switches, notices);
  const publicKey = trustedKey(credentials, trustedKeys);
  const known =
    verified?.find(publicKey, credentials) ?? verifyCustom(request, credentials, publicKey, context);
  if (known === null) return;
  verified?.rememberCookies(request.headers.cookie, publicKey, credentials, known);
  checkCustom(request, known, credentials.carrier, context, notices);
}

/** Verifies what nobody has presented before; null for a canned policy, whose conditions are then met too. */
function verifyCustom(
  request: AccessRequest,
  credentials: Credentials,
  publicKey: KeyObject,
  context: AccessContext,
): VerifiedPolicy | null {
  const { verified } = context;
  const { switches } = context.distribution;
  const { policy, isCanned } = verifyStatement(policyUrl(request, context), credentials, publicKey, switches);
  if (isCanned) {
    checkConditions(request, conditionsOf(policy), context);
    return null;
  }
  const { resource } = policy;
  const matcher = (text: string) => verified?.matcherOf(text, switches) ?? resourceMatcher(text, switches);
  const covers = resource === null ? () => true : matcher(resource);
  const known = { resource, ...conditionsOf(policy), covers };
  verified?.remember(publicKey, credentials, known);
  return known;
}

/** What is looked at each time, however often its signature was verified. */
function checkCustom(
  request: AccessRequest,
  known: VerifiedPolicy,
  carrier: Credentials['carrier'],
  context: AccessContext,
  notices: string[],
): void {
  const { resource, covers } = known;
  checkConditions(request, known, context);
  if (resource === null) {
    notices.push('policy-without-resource: it opens every file that trusts its key (R16)');
    return;
  }
  if (carrier === 'cookie' && resource.startsWith('*')) {
    notices.push('cookie-policy-for-any-protocol: not documented for cookies (R23)');
  }
  if (!covers(policyUrl(request, context))) refuse('AccessDenied', 'resource-does-not-cover-url');
}

/** The address that a policy speaks about: under the host that policies name, without the signing parameters. */
function policyUrl(request: AccessRequest, { distribution }: AccessContext): ViewerUrl {
  return {
    protocol: request.protocol,
    host: distribution.publicHosts.get(request.host.toLowerCase()) ?? request.host,
    path: request.path,
    query: withoutReservedParameters(request.query),
  };
}

function noticeDuplicates({ carrier, duplicates }: Credentials, switches: Switches, notices: string[]): void {
  if (duplicates.length === 0) return;
  const what = carrier === 'cookie' ? 'ambiguous-cookies' : 'ambiguous-parameters';
  notices.push(`${what}: ${duplicates.join(', ')}`);
  if (switches.duplicateCookies === 'refuse') refuse('AccessDenied', 'ambiguous-credentials');
}

function trustedKey({ keyPairId }: Credentials, trustedKeys: ReadonlyMap<string, KeyObject>): KeyObject {
  if (keyPairId === null) refuse('MissingKey', 'key-pair-id-missing');
  // R56: a whole PEM in the place of the id was answered as if there were none.
  if (!/^[A-Za-z0-9]{1,64}$/.test(keyPairId)) refuse('MissingKey', 'key-pair-id-absurd');
  return trustedKeys.get(keyPairId) ?? refuse('InvalidKey', 'key-pair-id-not-trusted-here');
}

/** Refuses a request that the dates or the address range of its policy exclude (R28–R31). */
function checkConditions(
  { peerAddress }: AccessRequest,
  { lessThan, greaterThan, sourceIp }: PolicyConditions,
  { nowEpochSeconds, distribution: { switches } }: AccessContext,
): void {
  const now = Math.floor(nowEpochSeconds);
  if (now > lessThan || (now === lessThan && switches.expirySecond === 'deny')) {
    refuse('AccessDenied', 'expired');
  }
  if (greaterThan !== null && now <= greaterThan) refuse('AccessDenied', 'not-yet-valid');
  if (sourceIp === null) return;
  const isInside = rangeHolds(sourceIp, peerAddress);
  if (isInside === null && switches.ipv6Viewer === 'deny') refuse('AccessDenied', 'viewer-speaks-ipv6');
  if (isInside === false) refuse('AccessDenied', 'source-ip-outside');
}
