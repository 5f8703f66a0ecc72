import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makeTestCertificates } from '../../test/support/test-certificates.js';
import { ecKey, rsaKey } from '../../test/support/token-issuer.js';
import { downloadKeys, JwksFailure, retryAfterSeconds } from './jwks-download.js';

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

function options(timeoutMilliseconds = 5_000): Parameters<typeof downloadKeys>[1] {
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  return { method: 'GET', redirect: 'manual', headers: new Headers(), signal };
}

const keysAt = (url: string) => downloadKeys(url, options(), fetch);

/** The reason, and the code beside it where there is one. */
async function failureAt(url: string, timeoutMilliseconds?: number): Promise<string> {
  return downloadKeys(url, options(timeoutMilliseconds), fetch).then(
    () => 'no failure',
    (error: unknown) => {
      if (!(error instanceof JwksFailure)) return `unexpected ${String(error)}`;
      return error.code === null ? error.reason : `${error.reason} ${error.code}`;
    },
  );
}

async function failureOf(listener: RequestListener, timeoutMilliseconds?: number): Promise<string> {
  return failureAt(await urlOf(listener), timeoutMilliseconds);
}

function answering(document: unknown): RequestListener {
  return (_, response) => response.end(JSON.stringify(document));
}

describe('a key set over HTTP', () => {
  it('gives the keys that may verify', async () => {
    const url = await urlOf(answering({ keys: [ec.jwk], more: 1 }));
    expect(await keysAt(url)).toEqual([ec.jwk]);
  });

  it('leaves out what must never verify (J47)', async () => {
    const weak = rsaKey('weak', 1024).jwk;
    const leaked = { ...ec.privateKey.export({ format: 'jwk' }), kid: 'leaked' };
    const shared = { kty: 'oct', k: 'AAAA' };
    const encryption = { ...ec.jwk, use: 'enc' };
    const keys = [weak, leaked, shared, encryption, null, 'key', {}, { kty: 'RSA', n: 7 }, ec.jwk];
    expect(await keysAt(await urlOf(answering({ keys })))).toEqual([ec.jwk]);
  });

  it('J47: leaves out an RSA key that only looks long, one with the exponent 1, and one that costs time', async () => {
    const { n: short } = rsaKey('short', 1024).jwk as { n: string };
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(short, 'base64url')]).toString('base64url');
    const good = rsaKey('good').jwk;
    const huge = Buffer.alloc(2_048, 0xff).toString('base64url');
    const keys = [{ ...good, n: padded }, { ...good, e: 'AQ' }, { ...good, n: huge }, good];
    expect(await keysAt(await urlOf(answering({ keys })))).toEqual([good]);
  });

  it('J47: leaves out a point that is not on its curve, and a curve that nobody knows', async () => {
    const off = { ...ec.jwk, y: ec.jwk['x'] };
    const keys = [off, { ...ec.jwk, crv: 'P-999' }, { kty: 'OKP', crv: 'Ed25519', x: 'AA' }, ec.jwk];
    expect(await keysAt(await urlOf(answering({ keys })))).toEqual([ec.jwk]);
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

  it('J55: gives all keys, however many there are', async () => {
    const keys = Array.from({ length: 131 }, (_, index) => ({ ...ec.jwk, kid: `ec-${index}` }));
    expect(await keysAt(await urlOf(answering({ keys })))).toEqual(keys);
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
    expect(await keysAt(url)).toEqual([ec.jwk]);
  });

  it('J50: a body that never ends is given up after the time limit', async () => {
    expect(await failureOf((_, response) => response.write('{"keys":'), 50)).toBe('jwks_timeout');
  });

  it('an answer that never begins is given up after the time limit', async () => {
    expect(await failureOf(() => undefined, 50)).toBe('jwks_timeout');
  });

  it('a connection that breaks off is unreachable, with the code of what happened', async () => {
    expect(await failureOf((_, response) => response.destroy())).toBe('jwks_unreachable UND_ERR_SOCKET');
  });

  it('a port on which nobody listens, and a name that nobody has, are unreachable with their codes', async () => {
    const url = await urlOf(answering({ keys: [] }));
    await new Promise((resolve) => server?.close(resolve));
    expect(await failureAt(url)).toBe('jwks_unreachable ECONNREFUSED');
    expect(await failureAt('https://nobody.invalid/keys')).toMatch(
      /^jwks_unreachable (?:ENOTFOUND|EAI_AGAIN)$/,
    );
  });

  it('a certificate of an authority that is not known here is unreachable with its code', async () => {
    const { certificatePem: cert, keyPem: key } = await makeTestCertificates(['localhost']);
    const secured = createHttpsServer({ cert, key }, answering({ keys: [ec.jwk] }));
    server = secured;
    await new Promise<void>((resolve) => secured.listen(0, 'localhost', resolve));
    const { port } = secured.address() as AddressInfo;
    expect(await failureAt(`https://localhost:${port}/keys`)).toMatch(
      /^jwks_unreachable [A-Z_]*(?:CERT|SIGNATURE)/,
    );
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

const DATE = 'Fri, 20 Nov 2026 09:00:00 GMT';

it.each([
  [{}, null],
  [{ 'Retry-After': '120' }, 120],
  [{ 'Retry-After': '0' }, 0],
  [{ 'Retry-After': '-1' }, null],
  [{ 'Retry-After': '1e9' }, null],
  [{ 'Retry-After': '99999999999' }, null],
  [{ 'Retry-After': 'Fri, 20 Nov 2026 09:02:00 GMT', Date: DATE }, 120],
  [{ 'Retry-After': 'Fri, 20 Nov 2026 08:59:00 GMT', Date: DATE }, 0],
  [{ 'Retry-After': 'Fri, 20 Nov 2026 09:02:00 GMT' }, null],
  [{ 'Retry-After': 'soon', Date: DATE }, null],
])('a server that sends %j is left alone for %j seconds', (headers, seconds) => {
  expect(retryAfterSeconds(new Headers(headers as Record<string, string>))).toBe(seconds);
});
