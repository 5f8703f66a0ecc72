import { startIssuer } from '../support/issuer.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import {
  claims,
  compactJws,
  ecKey,
  ed25519Key,
  es256,
  rsaKey,
  type JwsSigner,
} from '../support/token-issuer.js';
import type { SignIn } from './stage.js';

/** The keys of the issuer: two of one kind, so that a token without a key id names none of them. */
export const RSA = rsaKey('rsa-1');
export const SECOND_RSA = rsaKey('rsa-2');
export const EC = ecKey('ec-1');
export const EDWARDS = ed25519Key('ed-1');
/** Published as well, and never to be used (J47). */
export const SHORT_RSA = rsaKey('short', 512);
export const LEAKED = ecKey('leaked');
export const FOR_ENCRYPTION = ecKey('encryption');
export const SHARED_SECRET = Buffer.from('a secret that is published, thirty-two bytes or more');

const KEY_SET = {
  keys: [
    SHORT_RSA.jwk,
    { kty: 'oct', kid: 'shared', k: SHARED_SECRET.toString('base64url') },
    { ...LEAKED.privateKey.export({ format: 'jwk' }), kid: 'leaked' },
    { ...FOR_ENCRYPTION.jwk, use: 'enc' },
    RSA.jwk,
    SECOND_RSA.jwk,
    EC.jwk,
    EDWARDS.jwk,
  ],
};

/** Callers that an issuer signs in whose key set stands behind https. */
export interface IssuerSignIn extends SignIn {
  /** How often the key set was downloaded. */
  readonly downloads: number;
}

/** Starts the issuer. */
export async function startIssuerSignIn(): Promise<IssuerSignIn> {
  const certificates = await makeTestCertificates(['localhost']);
  const issuer = await startIssuer(certificates);
  const body = JSON.stringify(KEY_SET);
  issuer.answer((_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(body));
  return {
    changes: {
      AUTH_SECRET: '',
      AUTH_JWKS_URL: issuer.url,
      NODE_EXTRA_CA_CERTS: certificates.caFile,
    },
    bearer: (sub, groups = []) => `Bearer ${signed({ sub, groups })}`,
    get downloads() {
      return issuer.downloads;
    },
    close: () => issuer.stop(),
  };
}

export const epochSeconds = (): number => Math.floor(Date.now() / 1000);

/** A token of the issuer, genuine but for what is changed; a payload of text goes in as it stands. */
export function signed(
  changes: Readonly<Record<string, unknown>> | string = {},
  header: object = { alg: 'ES256', kid: 'ec-1' },
  signer: JwsSigner = es256(EC.privateKey),
): string {
  const payload =
    typeof changes === 'string' ? changes : claims({ exp: epochSeconds() + 600, groups: [], ...changes });
  return compactJws(header, payload, signer);
}
