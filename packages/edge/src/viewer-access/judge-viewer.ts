import type { KeyObject } from 'node:crypto';
import type { Switches } from '../distribution/switches.js';
import { checkConditions } from './conditions.js';
import { readCredentials, type Credentials } from './credentials.js';
import { decodeCloudFrontBase64 } from './encoding.js';
import type { Policy } from './policy.js';
import { refuse, Refused, type Refusal } from './refusal.js';
import { coversUrl } from './resource-match.js';
import { signableUrl, signedStatement } from './signed-statement.js';
import { signatureIsValid, type HashAlgorithm } from './signature.js';
import type { VerifiedPolicies } from './verified-policies.js';
import type { AccessRequest } from './access-request.js';

/** Whether one request may have what it asks for, and what the log should say beside it. */
export interface AccessDecision {
  readonly refusal: Refusal | null;
  readonly notices: readonly string[];
}

/**
 * Decides whether a viewer may open an address of a behavior that trusts these keys (R39–R44), in the
 * order of R58: key id present, key known, values decodable, signature valid, conditions met. A signature
 * that stands among the verified ones is not computed again; everything else is.
 */
export function judgeViewer(
  access: AccessRequest,
  trustedKeys: ReadonlyMap<string, KeyObject>,
  switches: Switches,
  verified: VerifiedPolicies | null = null,
): AccessDecision {
  const credentials = readCredentials(access.url.query, access.cookieHeader, switches);
  const notices: string[] = [];
  if (credentials.duplicates.length > 0) {
    const what = credentials.carrier === 'cookie' ? 'ambiguous-cookies' : 'ambiguous-parameters';
    notices.push(`${what}: ${credentials.duplicates.join(', ')}`);
  }
  try {
    judge(access, credentials, trustedKeys, switches, notices, verified);
    return { refusal: null, notices };
  } catch (error) {
    if (error instanceof Refused) return { refusal: error.refusal, notices };
    throw error;
  }
}

function judge(
  access: AccessRequest,
  credentials: Credentials,
  trustedKeys: ReadonlyMap<string, KeyObject>,
  switches: Switches,
  notices: string[],
  verified: VerifiedPolicies | null,
): void {
  if (switches.duplicateCookies === 'refuse' && credentials.duplicates.length > 0) {
    refuse('AccessDenied', 'ambiguous-credentials');
  }
  const publicKey = trustedKey(credentials, trustedKeys);
  const known = verified?.find(publicKey, credentials);
  const { policy, isCanned } =
    known === undefined
      ? verify(access, credentials, publicKey, switches)
      : { policy: known, isCanned: false };
  if (known === undefined && !isCanned) verified?.remember(publicKey, credentials, policy);
  checkConditions(access, policy, switches);
  if (isCanned) return;
  if (policy.resource === null) {
    notices.push('policy-without-resource: it opens every file that trusts its key (R16)');
    return;
  }
  if (credentials.carrier === 'cookie' && policy.resource.startsWith('*')) {
    notices.push('cookie-policy-for-any-protocol: not documented for cookies (R23)');
  }
  if (!coversUrl(policy.resource, signableUrl(access.url), switches)) {
    refuse('AccessDenied', 'resource-does-not-cover-url');
  }
}

/** Decodes, verifies and only then reads what the viewer presents (R8, R58). */
function verify(
  access: AccessRequest,
  credentials: Credentials,
  publicKey: KeyObject,
  switches: Switches,
): { readonly policy: Policy; readonly isCanned: boolean } {
  // R58: of two undecodable values the policy is reported; which one CloudFront names is not documented.
  const statement = signedStatement(access, credentials);
  const signature = decodedSignature(credentials);
  const hashAlgorithm = markedHash(credentials, switches);
  const verifiedBytes =
    statement.readings.find((signedBytes) =>
      signatureIsValid({ signedBytes, signature, publicKey, hashAlgorithm }),
    ) ?? refuse('AccessDenied', 'signature-does-not-verify');
  return { policy: statement.policy(verifiedBytes), isCanned: statement.isCanned };
}

function trustedKey(credentials: Credentials, trustedKeys: ReadonlyMap<string, KeyObject>): KeyObject {
  const { keyPairId } = credentials;
  if (keyPairId === null) refuse('MissingKey', 'key-pair-id-missing');
  // R56: a whole PEM in the place of the id was answered as if there were none.
  if (!/^[A-Za-z0-9]{1,64}$/.test(keyPairId)) refuse('MissingKey', 'key-pair-id-absurd');
  return trustedKeys.get(keyPairId) ?? refuse('InvalidKey', 'key-pair-id-not-trusted-here');
}

function decodedSignature(credentials: Credentials): Buffer {
  // R56: the code is not documented; a signature that is not there cannot be decoded either.
  if (credentials.signature === null) refuse('MalformedSignature', 'signature-missing');
  return (
    decodeCloudFrontBase64(credentials.signature) ?? refuse('MalformedSignature', 'signature-not-decodable')
  );
}

/** R2, R36: absent means SHA1; a name that is neither of the two, in that very case, is refused. */
function markedHash(credentials: Credentials, switches: Switches): HashAlgorithm {
  const name = credentials.hashAlgorithm ?? 'SHA1';
  if (name === 'SHA1') return name;
  if (name !== 'SHA256') refuse('AccessDenied', 'hash-algorithm-unknown');
  if (credentials.carrier === 'cookie' && switches.sha256Cookies === 'refuse') {
    refuse('AccessDenied', 'sha256-cookies-switched-off');
  }
  return name;
}
