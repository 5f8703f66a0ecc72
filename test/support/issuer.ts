import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestCertificates } from './test-certificates.js';
import { AUDIENCE, claims, compactJws, es256, ISSUER, type TestKey } from './token-issuer.js';

/** An identity provider of the tests: serves its key set, or whatever a test lets it serve instead. */
export interface Issuer {
  readonly url: string;
  readonly port: number;
  /** How often the key set was asked for. */
  readonly downloads: number;
  /** From now on these keys are the set. */
  publish(...keys: readonly TestKey[]): void;
  /** From now on this answers. */
  answer(listener: RequestListener): void;
  /** Nobody listens any more, and open connections are gone. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  listen(): Promise<void>;
}

/** Starts one on the loopback; over TLS with certificates for `localhost`. */
export async function startIssuer(certificates: TestCertificates | null = null): Promise<Issuer> {
  let listener: RequestListener = (_, response) => response.writeHead(503).end();
  let downloads = 0;
  const count: RequestListener = (request, response) => {
    downloads += 1;
    listener(request, response);
  };
  const server: Server =
    certificates === null
      ? createHttp(count)
      : createHttps({ cert: certificates.certificatePem, key: certificates.keyPem }, count);
  const listenOn = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listenOn(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: certificates === null ? `http://127.0.0.1:${port}/keys` : `https://localhost:${port}/keys`,
    port,
    get downloads() {
      return downloads;
    },
    publish: (...keys) => {
      const body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
      listener = (_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
    },
    answer: (other) => void (listener = other),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    listen: () => listenOn(port),
  };
}

/** The Authorization header of a caller whose token this P-256 key has signed; valid for an hour. */
export function signedBearer(
  key: TestKey,
  nowEpochSeconds: number,
  { sub = 'u1', groups = [] }: { readonly sub?: string; readonly groups?: readonly string[] } = {},
): string {
  const header = { alg: 'ES256', typ: 'JWT', kid: key.jwk['kid'] };
  const payload = claims({ iss: ISSUER, aud: AUDIENCE, sub, groups, exp: nowEpochSeconds + 3_600 });
  return `Bearer ${compactJws(header, payload, es256(key.privateKey))}`;
}
