import type { Switches } from '../distribution/switches.js';
import { withoutReservedParameters, type Credentials } from './credentials.js';
import { decodeCloudFrontBase64 } from './encoding.js';
import { readEpochSeconds, readPolicy, type Policy } from './policy.js';
import { refuse } from './refusal.js';
import { urlText, type ViewerUrl } from './viewer-url.js';
import type { AccessRequest } from './access-request.js';

/** What the signature must be about. The policy is read only from bytes that were verified (R8). */
export interface SignedStatement {
  /** The bytes that may have been signed: one reading, or two where the case of the host is open (R24). */
  readonly readings: readonly Buffer[];
  /** A canned policy names exactly the address that was asked for, so nothing is left to match (R10). */
  readonly isCanned: boolean;
  readonly policy: (verifiedBytes: Buffer) => Policy;
}

/** Finds out whether the viewer presents a custom or a canned policy (R1, R43) and what was signed. */
export function signedStatement(
  access: AccessRequest,
  credentials: Credentials,
  switches: Switches,
): SignedStatement {
  const { policy, expires } = credentials;
  if (policy !== null && expires !== null && switches.policyAndExpires === 'refuse') {
    refuse('MalformedPolicy', 'policy-and-expires');
  }
  if (policy !== null && (expires === null || switches.policyAndExpires === 'policy')) {
    return customStatement(policy, switches);
  }
  if (expires !== null) return cannedStatement(access, expires, switches);
  return refuse(switches.missingPolicy, 'policy-and-expires-missing');
}

/** The address that a policy speaks about: the one asked for without the signing parameters (R9, R21). */
export function signableUrl(url: ViewerUrl): ViewerUrl {
  return { ...url, query: withoutReservedParameters(url.query) };
}

function customStatement(encoded: string, switches: Switches): SignedStatement {
  const bytes = decodeCloudFrontBase64(encoded, switches);
  if (bytes === null) refuse('MalformedPolicy', 'policy-not-decodable');
  return {
    readings: [bytes],
    isCanned: false,
    policy: (verifiedBytes) => {
      const read = readPolicy(verifiedBytes, switches);
      return 'fault' in read ? refuse('MalformedPolicy', read.fault) : read;
    },
  };
}

/** R9: CloudFront writes the canned policy itself, byte for byte, with the literal digits of the date. */
function cannedStatement(access: AccessRequest, expires: string, switches: Switches): SignedStatement {
  const dateLessThan = readEpochSeconds(expires, switches);
  if (dateLessThan === null) refuse('MalformedPolicy', 'expires-not-an-integer-of-seconds');
  const url = signableUrl(access.url);
  const hosts = new Set([url.host]);
  if (switches.hostCase === 'insensitive') hosts.add(url.host.toLowerCase());
  const text = (host: string) =>
    `{"Statement":[{"Resource":"${urlText({ ...url, host })}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  return {
    // The raw target is one character a byte, so latin1 gives back the bytes that came (R26).
    readings: [...hosts].map((host) => Buffer.from(text(host), 'latin1')),
    isCanned: true,
    policy: () => ({ resource: urlText(url), dateLessThan, dateGreaterThan: null, sourceIp: null }),
  };
}
