import { withoutReservedParameters, type Credentials } from './credentials.js';
import { decodeCloudFrontBase64 } from './encoding.js';
import { readEpochSeconds, readPolicy, type Policy } from './policy.js';
import { refuse } from './refusal.js';
import { urlText, type ViewerUrl } from './viewer-url.js';
import type { AccessRequest } from './access-request.js';

/** What the signature must be about. The policy is read only from bytes that were verified (R8). */
export interface SignedStatement {
  /** The bytes that may have been signed: one reading, or two where the host came in upper case (R24). */
  readonly readings: readonly Buffer[];
  /** A canned policy names exactly the address that was asked for, so nothing is left to match (R10). */
  readonly isCanned: boolean;
  readonly policy: (verifiedBytes: Buffer) => Policy;
}

/**
 * Finds out whether the viewer presents a custom or a canned policy (R1) and what was signed. Which of the two
 * CloudFront reads when both are sent is not documented; the custom one says more (R43).
 */
export function signedStatement(access: AccessRequest, { policy, expires }: Credentials): SignedStatement {
  if (policy !== null) return customStatement(policy);
  if (expires !== null) return cannedStatement(access, expires);
  // R56: the code is not documented; without a policy there is none that is well-formed.
  return refuse('MalformedPolicy', 'policy-and-expires-missing');
}

/** The address that a policy speaks about: the one asked for without the signing parameters (R9, R21). */
export function signableUrl(url: ViewerUrl): ViewerUrl {
  return { ...url, query: withoutReservedParameters(url.query) };
}

function customStatement(encoded: string): SignedStatement {
  const bytes = decodeCloudFrontBase64(encoded);
  if (bytes === null) refuse('MalformedPolicy', 'policy-not-decodable');
  return {
    readings: [bytes],
    isCanned: false,
    policy: (verifiedBytes) => {
      const read = readPolicy(verifiedBytes);
      return 'fault' in read ? refuse('MalformedPolicy', read.fault) : read;
    },
  };
}

/**
 * R9: CloudFront writes the canned policy itself, byte for byte, with the literal digits of the date. Whether it
 * writes the host as it came or in lower case is not documented, so either may have been signed (R24).
 */
function cannedStatement(access: AccessRequest, expires: string): SignedStatement {
  const dateLessThan = readEpochSeconds(expires);
  if (dateLessThan === null) refuse('MalformedPolicy', 'expires-not-an-integer-of-seconds');
  const url = signableUrl(access.url);
  const hosts = new Set([url.host, url.host.toLowerCase()]);
  const text = (host: string) =>
    `{"Statement":[{"Resource":"${urlText({ ...url, host })}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  return {
    // The raw target is one character a byte, so latin1 gives back the bytes that came (R26).
    readings: [...hosts].map((host) => Buffer.from(text(host), 'latin1')),
    isCanned: true,
    policy: () => ({ resource: urlText(url), dateLessThan, dateGreaterThan: null, sourceIp: null }),
  };
}
