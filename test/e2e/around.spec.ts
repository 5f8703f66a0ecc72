import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  APP_ORIGIN,
  onEitherDatabase,
  startTestApi,
  TEST_AUTHENTICATION,
  TEST_KEY,
  TEST_KEY_PAIR_ID,
  testKeyText,
} from '../support/api.js';
import { cookieValue, heldHeader, readCookies, setCookieLines } from '../support/set-cookie-lines.js';

onEitherDatabase('around the routes', (api) => {
  describe('addresses', () => {
    test('a method that a route does not take is 405 with Allow', async () => {
      const response = await api().http.patch('/grants').set('Content-Type', 'application/json').send('{}');

      expect(response.body).toMatchObject({ status: 405, code: 'method_not_allowed' });
      expect(response.headers['allow']).toBe('DELETE, GET, HEAD, POST');
    });

    test.each(['/grants/', '/GRANTS', '/Grants', '/health/live/', '/Health/live', '/admin/Entitlements'])(
      'a route has one spelling: %s is none, with a token either',
      async (path) => {
        const token = api().bearer('speller', { groups: ['admins'] });
        const response = await api().http.get(path).set('Authorization', token);
        expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
      },
    );

    test('a path that cannot be decoded is refused with problem details', async () => {
      const response = await api().http.delete('/admin/entitlements/%zz').set('Authorization', 'x');
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({ code: 'request_malformed' });
    });

    test('no answer is ever "not modified": nothing here has a version', async () => {
      const response = await api().http.get('/health/live').set('If-None-Match', '*');
      expect(response.status).toBe(200);
      expect(response.body).toEqual({ status: 'ok' });
    });

    test('a path that cannot be decoded, with a body that cannot be read, ends nothing but the request', async () => {
      const broken = api()
        .http.delete('/admin/entitlements/%zz')
        .set('Content-Type', 'application/json')
        .send('{');
      const response = await broken;
      expect(response.body).toMatchObject({ status: 400, code: 'request_malformed' });
      expect((await api().http.get('/health/live')).status).toBe(200);
    });

    test('the server does not say what it is made of', async () => {
      const response = await api().http.get('/health/live');
      expect(response.headers['x-powered-by']).toBeUndefined();
      expect(response.headers['etag']).toBeUndefined();
    });
  });

  describe('health', () => {
    test('live and ready answer 200 with nothing but a word', async () => {
      expect((await api().http.get('/health/live')).body).toEqual({ status: 'ok' });
      expect((await api().http.get('/health/ready')).body).toEqual({ status: 'ok' });
    });
  });

  test('what the HTTP parser refuses is answered with problem details', async () => {
    await api().app.listen(0, '127.0.0.1');
    const { port } = api().app.getHttpServer().address() as { port: number };
    const answer = await exchange(port, 'GARBAGE\r\n\r\n');

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain('cache-control: no-store');
    expect(answer).toContain('"code":"request_malformed"');
  });

  test.each([
    ['a request of HTTP/1.1 without Host', 'GET /health/live HTTP/1.1\r\nConnection: close', 400],
    ['one of HTTP/1.0 may have none', 'GET /health/live HTTP/1.0', 200],
    [
      'an expectation that nobody knows is passed over',
      'GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close',
      200,
    ],
  ])('%s: our own headers stand on the answer', async (_what, head, status) => {
    const { port } = api().app.getHttpServer().address() as { port: number };
    const answer = await exchange(port, `${head}\r\nOrigin: ${APP_ORIGIN}\r\n\r\n`);

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('cache-control: no-store');
    expect(answer).toContain(`Access-Control-Allow-Origin: ${APP_ORIGIN}`);
    expect(answer).toContain('Vary: Origin');
  });
});

test('in production browsers are asked to stay with HTTPS for this host, not for those below it', async () => {
  const api = await startTestApi('sqlite', { environment: 'production' });
  try {
    const response = await api.http.get('/health/live');
    expect(response.headers['strict-transport-security']).toBe('max-age=31536000');
  } finally {
    await api.close();
  }
});

describe('PUBLIC_URL with a path', () => {
  const onOneHost = {
    publicUrl: { origin: 'https://www.example.com', basePath: '/api' },
    appOrigins: ['https://www.example.com'],
    cloudFront: {
      url: 'https://www.example.com',
      keyPairId: 'K2JCJMDEHXQW5F',
      privateKey: { kind: 'text' as const, text: testKeyText() },
      hashAlgorithm: 'SHA1' as const,
    },
  };

  test('every route lives below it, and the cookies are host-only (B42, topology 0)', async () => {
    const api = await startTestApi('sqlite', onOneHost);
    try {
      await api.give({ subject: 'user:u1', prefix: 'media' });
      const call = () => api.http.post('/api/grants').set('Authorization', api.bearer());

      const response = await call().send({ prefix: 'media' });

      expect(response.status).toBe(201);
      const held = heldHeader(response);
      expect(held).toMatch(/^__Secure-edgepass-held-/);
      expect(setCookieLines(response).filter((line) => !line.startsWith('CloudFront-Signature'))).toEqual([
        `CloudFront-Policy=${cookieValue(response, 'CloudFront-Policy')}; Path=/media; Max-Age=900; HttpOnly; Secure; SameSite=Lax`,
        'CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F; Path=/media; Max-Age=900; HttpOnly; Secure; SameSite=Lax',
        'CloudFront-Hash-Algorithm=; Path=/media; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
        'CloudFront-Expires=; Path=/media; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
        `${held}; Path=/api; Max-Age=900; HttpOnly; Secure; SameSite=Lax`,
      ]);
      await api.http.get('/grants').set('Authorization', api.bearer()).expect(404);
      await api.http.get('/api/health/ready').expect(200);
      await api.http.get('/health/ready').expect(200);
    } finally {
      await api.close();
    }
  });
});

test('the log says at start, in one line, which key signs and which cookie attributes browsers get', async () => {
  const api = await startTestApi('sqlite', { logLevel: 'info' });
  try {
    const entries = api.log.map((line) => JSON.parse(line) as { level: number; msg: string });
    const spki = TEST_KEY.publicKey.export({ type: 'spki', format: 'der' });
    const digest = createHash('sha256').update(spki).digest();
    expect(entries.filter(({ msg }) => msg === 'signing for CloudFront')).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        msg: 'signing for CloudFront',
        keyPairId: TEST_KEY_PAIR_ID,
        keyType: 'RSA-2048',
        fingerprint: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
        hashAlgorithm: 'SHA1',
        cookies: {
          domain: 'example.com',
          sameSite: 'Lax',
          secure: true,
          partitioned: false,
          path: 'prefix',
        },
      },
    ]);
    expect(api.log.join('')).not.toContain('PRIVATE KEY');
    expect(api.log.join('')).not.toContain(testKeyText().reveal().split('\n')[5]);
  } finally {
    await api.close();
  }
});

test('root mode: the newest grant replaces the one before, whatever it was for', async () => {
  const api = await startTestApi('sqlite', {
    cookies: { domain: null, sameSite: null, secure: null, partitioned: null, path: 'root' },
    authentication: TEST_AUTHENTICATION,
  });
  try {
    await api.give({ subject: 'user:u1', prefix: 'courses' });
    const first = await api.ask('courses');
    const cookie = heldHeader(first);

    const second = await api.ask('courses/algebra', { cookie });

    expect(second.body).toMatchObject({ prefix: 'courses/algebra' });
    expect(readCookies(second)[0]?.attributes).toContain('Path=/;');
    expect(setCookieLines(second)).toHaveLength(6);
  } finally {
    await api.close();
  }
});

/** Sends raw bytes and gives what comes back until the server closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
