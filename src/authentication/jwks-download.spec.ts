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

  it('J47: leaves out an RSA key that only looks long, one with the exponent 1, and one that costs time', async () => {
    const { n: short } = rsaKey('short', 1024).jwk as { n: string };
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(short, 'base64url')]).toString('base64url');
    const good = rsaKey('good').jwk;
    const huge = Buffer.alloc(2_048, 0xff).toString('base64url');
    const keys = [{ ...good, n: padded }, { ...good, e: 'AQ' }, { ...good, n: huge }, good];
    expect(await downloadJwks(await urlOf(answering({ keys })), fetch)).toEqual({ keys: [good] });
  });

  it('J47: leaves out a point that is not on its curve, and a curve that nobody knows', async () => {
    const off = { ...ec.jwk, y: ec.jwk['x'] };
    const keys = [off, { ...ec.jwk, crv: 'P-999' }, { kty: 'OKP', crv: 'Ed25519', x: 'AA' }, ec.jwk];
    expect(await downloadJwks(await urlOf(answering({ keys })), fetch)).toEqual({ keys: [ec.jwk] });
  });

  it('J50: HTML under 200 is a failure, whatever its media type says', async () => {
    const failure = await failureOf((_, response) =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('<!doctype html><title>x</title>'),
    );
    expect(failure).toBe('jwks_not_json');
  });

  it('J50: one byte at a time does not outlive the time limit', async () => {
    const begin = performance.now();
    const failure = await failureOf((_, response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(timer));
    }, 200);
    expect(failure).toBe('jwks_timeout');
    expect(performance.now() - begin).toBeLessThan(4_000);
  });

  it('the limits are 5 seconds and 256 KB unless a test says otherwise', async () => {
    let given: AbortSignal | null | undefined;
    const begin = performance.now();
    await downloadJwks('https://idp.example.com/keys', async (_url, init) => {
      given = init.signal;
      return Response.json({ keys: [ec.jwk] });
    });
    expect(given?.aborted).toBe(false);
    await new Promise((resolve) => given?.addEventListener('abort', resolve));
    expect(performance.now() - begin).toBeGreaterThanOrEqual(4_900);
    expect(performance.now() - begin).toBeLessThan(8_000);
  }, 10_000);

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
