import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CloudFrontService } from '../../src/cloudfront/cloudfront.service.js';
import { SignerOverloadedError } from '../../src/cloudfront/signing/signer.js';
import {
  APP_ORIGIN,
  onEitherDatabase,
  startTestApi,
  TEST_AUTHENTICATION,
  type TestApi,
} from '../support/api.js';
import { setCookieLines } from '../support/set-cookie-lines.js';

/** What every refusal carries, whichever code it has (docs/errors.md). */
const SURROUNDINGS = {
  'content-type': 'application/problem+json',
  'cache-control': 'no-store',
  'access-control-allow-origin': APP_ORIGIN,
  'access-control-allow-credentials': 'true',
  vary: 'Origin',
};

/** From now on no signature comes about. */
function failSigning(cloudFront: CloudFrontService, error: Error): void {
  const signing = {
    keyPairId: cloudFront.keyPairId,
    prepare: () => Promise.reject(error),
    signUrl: () => Promise.reject(error),
    end: () => undefined,
  };
  Object.assign(cloudFront, { begin: () => signing });
}

onEitherDatabase('codes on the wire', (api) => {
  const bearerOf = {
    token_invalid: () => api().bearer('u1', { aud: 'another' }),
    token_expired: () => api().bearer('u1', { exp: api().clock.nowEpochSeconds() - 31 }),
    token_not_yet_valid: () => api().bearer('u1', { nbf: api().clock.nowEpochSeconds() + 31 }),
  };

  test.each(['token_invalid', 'token_expired', 'token_not_yet_valid'] as const)(
    '%s is 401 with a challenge on every route that asks who is calling',
    async (code) => {
      const calls = [
        api().http.post('/grants').send({ prefix: 'p' }),
        api().http.get('/grants'),
        api().http.post('/signed-urls').send({ path: 'p/a.mp4' }),
        api().http.get('/entitlements'),
        api().http.put('/admin/entitlements').send({}),
        api().http.get('/admin/entitlements'),
        api().http.delete('/admin/entitlements/x'),
      ];
      for (const call of calls) {
        const response = await call.set('Origin', APP_ORIGIN).set('Authorization', bearerOf[code]());
        expect(response.body).toMatchObject({ status: 401, code });
        expect(response.headers).toMatchObject(SURROUNDINGS);
        expect(response.headers['www-authenticate']).toContain('error="invalid_token"');
      }
    },
  );

  test('30 seconds between the clocks are allowed for', async () => {
    const now = api().clock.nowEpochSeconds();
    const late = api().bearer('u1', { exp: now - 29, nbf: now + 30 });
    await api().http.get('/entitlements').set('Authorization', late).expect(200);
  });

  test('overloaded: too many signatures wait; no URL leaves', async () => {
    await api().give({ subject: 'user:busy-url', prefix: 'p' });
    const cloudFront = api().app.get(CloudFrontService, { strict: false });
    failSigning(cloudFront, new SignerOverloadedError('full'));
    const response = await api()
      .http.post('/signed-urls')
      .set('Authorization', api().bearer('busy-url'))
      .send({ path: 'p/a.mp4' });
    Reflect.deleteProperty(cloudFront, 'begin');

    expect(response.body).toMatchObject({ status: 503, code: 'overloaded' });
    expect(response.headers['retry-after']).toBe('1');
    expect(response.text).not.toContain('Signature');
  });

  test('overloaded: too many signatures wait; no cookie leaves, and the page may read when to come back', async () => {
    await api().give({ subject: 'user:busy', prefix: 'p' });
    const cloudFront = api().app.get(CloudFrontService, { strict: false });
    failSigning(cloudFront, new SignerOverloadedError('full'));
    const response = await api().ask('p', { sub: 'busy' }).set('Origin', APP_ORIGIN);
    Reflect.deleteProperty(cloudFront, 'begin');

    expect(response.body).toMatchObject({ status: 503, code: 'overloaded' });
    expect(response.headers).toMatchObject({
      ...SURROUNDINGS,
      'retry-after': '1',
      'access-control-expose-headers': 'Retry-After',
    });
    expect(setCookieLines(response)).toEqual([]);
  });

  test('internal: what nobody foresaw says nothing of itself, and the log has it under the same id', async () => {
    await api().give({ subject: 'user:odd', prefix: 'p' });
    const cloudFront = api().app.get(CloudFrontService, { strict: false });
    failSigning(cloudFront, new Error('a secret of the inside'));
    const response = await api().ask('p', { sub: 'odd' }).set('Origin', APP_ORIGIN);
    Reflect.deleteProperty(cloudFront, 'begin');

    const { instance } = response.body as { instance: string };
    expect(response.body).toMatchObject({ status: 500, code: 'internal' });
    expect(response.headers).toMatchObject(SURROUNDINGS);
    expect(response.text).not.toContain('inside');
    const entry = api().log.find((line) => line.includes(instance.replace('urn:uuid:', '')));
    expect(entry).toContain('a secret of the inside');
  });
});

describe('without the keys of the sign-in', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi('sqlite', {
      authentication: {
        ...TEST_AUTHENTICATION,
        // Nothing listens on port 1.
        keys: { kind: 'jwks', url: 'http://127.0.0.1:1/jwks.json' },
        algorithms: ['RS256'],
      },
    });
  });
  afterAll(() => api.close());

  test('keys_unavailable is 503 with Retry-After, and clearing works all the same', async () => {
    const [header = '', ...rest] = api.token().split('.');
    expect(header).not.toBe('');
    const rs256 = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'k1' })).toString('base64url');
    const response = await api.http
      .get('/grants')
      .set('Origin', APP_ORIGIN)
      .set('Authorization', `Bearer ${[rs256, ...rest].join('.')}`);

    expect(response.body).toMatchObject({ status: 503, code: 'keys_unavailable' });
    expect(response.headers).toMatchObject(SURROUNDINGS);
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
    await api.http.delete('/grants').expect(204);
  });
});

test('request_timeout: a request that does not arrive is answered 408 with problem details', async () => {
  const api = await startTestApi('sqlite');
  try {
    await api.app.listen(0, '127.0.0.1');
    const server = api.app.getHttpServer();
    const { port } = server.address() as { port: number };
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('GET /health/live HTTP/1.1\r\nHost: '));
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(text));
      // Node looks for late ones every 30 s; what it does then is what happens here at once.
      server.once('connection', (late) =>
        setImmediate(() =>
          server.emit('clientError', Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), late),
        ),
      );
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
    expect(answer.toLowerCase()).toContain('cache-control: no-store');
  } finally {
    await api.close();
  }
});
