import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ecKey, rsaKey } from '../../test/support/token-issuer.js';
import { downloadJwks, JwksFailure } from './jwks-download.js';

const ec = ecKey('ec-1');
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function urlOf(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/keys`;
}

async function failureOf(listener: RequestListener, timeoutMs = 5_000): Promise<string> {
  const limits = { timeoutMs, maxBodyBytes: 262_144 };
  return downloadJwks(await urlOf(listener), fetch, limits).then(
    () => 'no failure',
    (error: unknown) => (error instanceof JwksFailure ? error.reason : `unexpected ${String(error)}`),
  );
}

function answering(document: unknown): RequestListener {
  return (_, response) => response.end(JSON.stringify(document));
}

describe('a key set over HTTP', () => {
  it('gives the keys that may verify', async () => {
    const url = await urlOf(answering({ keys: [ec.jwk], more: 1 }));
    expect(await downloadJwks(url, fetch)).toEqual({ keys: [ec.jwk] });
  });

  it('leaves out what must never verify (J47)', async () => {
    const weak = rsaKey('weak', 1024).jwk;
    const leaked = { ...ec.privateKey.export({ format: 'jwk' }), kid: 'leaked' };
    const shared = { kty: 'oct', k: 'AAAA' };
    const encryption = { ...ec.jwk, use: 'enc' };
    const keys = [weak, leaked, shared, encryption, null, 'key', {}, { kty: 'RSA', n: 7 }, ec.jwk];
    expect(await downloadJwks(await urlOf(answering({ keys })), fetch)).toEqual({ keys: [ec.jwk] });
  });

  it('J49: a redirect is not followed', async () => {
    const paths: string[] = [];
    const failure = await failureOf((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(302, { Location: '/elsewhere' }).end();
    });
    expect(failure).toBe('jwks_status_302');
    expect(paths).toEqual(['/keys']);
  });

  it('J50: a body over 256 KB is cut off', async () => {
    const failure = await failureOf((_, response) => {
      response.write(' '.repeat(262_145));
      // Never ended: only a reader that stops by itself comes back.
    });
    expect(failure).toBe('jwks_too_large');
  });

  it('J50: 256 KB are read', async () => {
    const text = JSON.stringify({ keys: [ec.jwk] });
    const url = await urlOf((_, response) => response.end(text.padEnd(262_144)));
    expect(await downloadJwks(url, fetch)).toEqual({ keys: [ec.jwk] });
  });

  it('J50: a body that never ends is given up after the time limit', async () => {
    expect(await failureOf((_, response) => response.write('{"keys":'), 50)).toBe('jwks_timeout');
  });

  it('an answer that never begins is given up after the time limit', async () => {
    expect(await failureOf(() => undefined, 50)).toBe('jwks_timeout');
  });

  it('a connection that breaks off is unreachable', async () => {
    expect(await failureOf((_, response) => response.destroy())).toBe('jwks_unreachable');
  });

  it.each([
    ['<html>', 'jwks_not_json'],
    ['', 'jwks_not_json'],
    ['null', 'jwks_without_keys'],
    ['[]', 'jwks_without_keys'],
    ['{"keys":{}}', 'jwks_without_keys'],
    ['{"keys":[]}', 'jwks_without_usable_key'],
  ])('J50: the body %j is a failure', async (body, reason) => {
    expect(await failureOf((_, response) => response.end(body))).toBe(reason);
  });
});
