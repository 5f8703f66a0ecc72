import { verify, type KeyObject } from 'node:crypto';
import type { Switches } from '../distribution/switches.js';
import type { ViewerUrl } from '../viewer-request.js';
import { decodeCloudFrontBase64, type Credentials } from './credentials.js';
import { readEpochSeconds, readPolicy, type Policy } from './policy.js';
import { refuse } from './refusal.js';

/** The two hashes that CloudFront knows; SHA1 when no marker says otherwise (R2). */
export type HashAlgorithm = 'SHA1' | 'SHA256';

/** A signature and what it should be about. */
interface SignatureInput {
  readonly signedBytes: Buffer;
  readonly signature: Buffer;
  readonly publicKey: KeyObject;
  readonly hashAlgorithm: HashAlgorithm;
}

/** A policy whose signature is valid. */
interface VerifiedStatement {
  readonly policy: Policy;
  /** A canned policy names exactly the address that was asked for, so nothing is left to match (R10). */
  readonly isCanned: boolean;
}

/** What the signature must be about. The policy is read only from bytes that were verified (R8). */
interface SignedStatement {
  /** The bytes that may have been signed: one reading, or two where the host came in upper case (R24). */
  readonly readings: readonly Buffer[];
  readonly isCanned: boolean;
  readonly policy: (verifiedBytes: Buffer) => Policy;
}

/**
 * Decodes what the viewer presents, verifies its signature and only then reads the policy (R8). Of two values that
 * cannot be decoded the policy is reported; which one CloudFront names is not documented (R58).
 */
export function verifyStatement(
  url: ViewerUrl,
  credentials: Credentials,
  publicKey: KeyObject,
  switches: Switches,
): VerifiedStatement {
  const { readings, isCanned, policy } = signedStatement(url, credentials);
  const signature = decodedSignature(credentials);
  const hashAlgorithm = markedHash(credentials, switches);
  const verifiedBytes =
    readings.find((signedBytes) => signatureIsValid({ signedBytes, signature, publicKey, hashAlgorithm })) ??
    refuse('AccessDenied', 'signature-does-not-verify');
  return { policy: policy(verifiedBytes), isCanned };
}

/**
 * Checks a signature over exactly these bytes: RSASSA-PKCS1-v1_5 for an RSA key (R33), ECDSA in DER for
 * a P-256 key (R34). A signature of any other form is simply not valid.
 */
export function signatureIsValid({
  signedBytes,
  signature,
  publicKey,
  hashAlgorithm,
}: SignatureInput): boolean {
  const hash = hashAlgorithm === 'SHA1' ? 'sha1' : 'sha256';
  try {
    return verify(hash, signedBytes, { key: publicKey, dsaEncoding: 'der' }, signature);
  } catch {
    return false;
  }
}

/**
 * Finds out whether the viewer presents a custom or a canned policy (R1) and what was signed. Which of the two
 * CloudFront reads when both are sent is not documented; the custom one says more (R43).
 */
function signedStatement(url: ViewerUrl, { policy, expires }: Credentials): SignedStatement {
  if (policy !== null) return customStatement(policy);
  if (expires !== null) return cannedStatement(url, expires);
  // R56: the code is not documented; without a policy there is none that is well-formed.
  return refuse('MalformedPolicy', 'policy-and-expires-missing');
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
function cannedStatement(url: ViewerUrl, expires: string): SignedStatement {
  const dateLessThan = readEpochSeconds(expires);
  if (dateLessThan === null) refuse('MalformedPolicy', 'expires-not-an-integer-of-seconds');
  const query = url.query === null ? '' : `?${url.query}`;
  const resource = (host: string) => `${url.protocol}://${host}${url.path}${query}`;
  const text = (host: string) =>
    `{"Statement":[{"Resource":"${resource(host)}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
  return {
    // The raw target is one character a byte, so latin1 gives back the bytes that came (R26).
    readings: [...new Set([url.host, url.host.toLowerCase()])].map((host) =>
      Buffer.from(text(host), 'latin1'),
    ),
    isCanned: true,
    policy: () => ({ resource: resource(url.host), dateLessThan, dateGreaterThan: null, sourceIp: null }),
  };
}

function decodedSignature({ signature }: Credentials): Buffer {
  // R56: the code is not documented; a signature that is not there cannot be decoded either.
  if (signature === null) refuse('MalformedSignature', 'signature-missing');
  return decodeCloudFrontBase64(signature) ?? refuse('MalformedSignature', 'signature-not-decodable');
}

/** R2, R36: absent means SHA1; a name that is neither of the two, in that very case, is refused. */
function markedHash({ hashAlgorithm, carrier }: Credentials, switches: Switches): HashAlgorithm {
  const name = hashAlgorithm ?? 'SHA1';
  if (name === 'SHA1') return name;
  if (name !== 'SHA256') refuse('AccessDenied', 'hash-algorithm-unknown');
  if (carrier === 'cookie' && switches.sha256Cookies === 'refuse') {
    refuse('AccessDenied', 'sha256-cookies-switched-off');
  }
  return name;
}
