import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  APP_ORIGIN,
  onEveryDatabase,
  startTestApi,
  TEST_AUTHENTICATION,
  TEST_KEY,
  TEST_KEY_PAIR_ID,
  testKeyText,
} from '../support/api.js';
import { cookieValue, readCookies, setCookieLines } from '../support/set-cookie-lines.js';

onEveryDatabase('around the routes', (api) => {
  describe('CORS', () => {
    test('O08: a preflight from a listed origin is answered with exactly that origin and credentials', async () => {
      const response = await api()
        .http.options('/grants')
        .set('Origin', APP_ORIGIN)
        .set('Access-Control-Request-Method', 'POST')
        .set('Access-Control-Request-Headers', 'content-type,authorization');

      expect(response.status).toBe(204);
      expect(response.headers).toMatchObject({
        'access-control-allow-origin': APP_ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET,HEAD,POST,PUT,DELETE',
        'access-control-allow-headers': 'Authorization,Content-Type',
        'access-control-max-age': '600',
        vary: 'Origin',
      });
    });

    test.each([
      ['O01', 'https://evil-example.com'],
      ['O02', 'https://app.example.com.evil.net'],
      ['O02', 'https://evilapp.example.com'],
      ['O03', 'https://appXexample.com'],
      ['O04', 'http://app.example.com'],
      ['O04', 'https://app.example.com:8443'],
      ['O05', 'null'],
    ])('%s: %s gets no CORS header', async (_row, origin) => {
      const response = await api().http.get('/health/live').set('Origin', origin);

      expect(response.headers['access-control-allow-origin']).toBeUndefined();
      expect(response.headers['vary']).toBe('Origin');
    });

    test('Retry-After may be read by the page', async () => {
      const response = await api().http.get('/health/live').set('Origin', APP_ORIGIN);
      expect(response.headers['access-control-expose-headers']).toBe('Retry-After');
    });
  });

  describe('addresses', () => {
    test('a method that a route does not take is 405 with Allow', async () => {
      const response = await api().http.patch('/grants').set('Content-Type', 'application/json').send('{}');

      expect(response.body).toMatchObject({ status: 405, code: 'method_not_allowed' });
      expect(response.headers['allow']).toBe('DELETE, GET, HEAD, POST');
    });

    test.each(['//grants', '/grants/', '/GRANTS', '/grants;x=1', '/./grants', '/nowhere', '/%67rants'])(
      'B23: %s without a token never reaches a handler',
      async (path) => {
        const response = await api().http.get(path);
        expect([401, 404]).toContain(response.status);
        expect(response.type).toBe('application/problem+json');
      },
    );

    test.each(['/grants/', '/GRANTS', '/Grants', '/health/live/', '/Health/live', '/admin/Entitlements'])(
      'a route has one spelling: %s is none, with a token either',
      async (path) => {
        const token = api().bearer('speller', { groups: ['admins'] });
        const response = await api().http.get(path).set('Authorization', token);
        expect(response.body).toMatchObject({ status: 404, code: 'not_found' });
      },
    );

    test('a path that cannot be decoded is refused in our form', async () => {
      const response = await api().http.delete('/admin/entitlements/%zz').set('Authorization', 'x');
      expect(response.status).toBe(400);
      expect(response.body).toMatchObject({ code: 'request_malformed' });
    });

    test('O14–O20: forwarding headers of a stranger change nothing', async () => {
      await api().give({ subject: 'user:proxy', prefix: 'p' });

      const response = await api()
        .ask('p', { sub: 'proxy' })
        .set('Host', 'evil.example')
        .set('X-Forwarded-Host', 'evil.example')
        .set('X-Forwarded-Proto', 'http')
        .set('X-Original-URL', '/health/live');

      expect(response.body).toMatchObject({ resource: 'https://cdn.example.com/p/*' });
      expect(readCookies(response)[0]?.attributes).toBe(
        'Domain=example.com; Path=/p; Max-Age=900; HttpOnly; Secure; SameSite=Lax',
      );
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

  describe('the token in a cookie', () => {
    const asBrowser = (token: string, origin?: string) => {
      const call = api().http.post('/grants').set('Cookie', `session=${token}`);
      if (origin !== undefined) call.set('Origin', origin);
      return call.send({ prefix: 'c' });
    };

    test('a page of ours may ask with it', async () => {
      await api().give({ subject: 'user:cookie', prefix: 'c' });
      const response = await asBrowser(api().token('cookie'), APP_ORIGIN);
      expect(response.status).toBe(201);
    });

    test.each([['https://evil.example'], ['null'], [undefined]])(
      'S02, S05: with Origin %s it is refused, and no cookie leaves',
      async (origin) => {
        await api().give({ subject: 'user:cookie', prefix: 'c' });
        const response = await asBrowser(api().token('cookie'), origin);
        expect(response.body).toMatchObject({ status: 403, code: 'csrf_rejected' });
        expect(setCookieLines(response)).toEqual([]);
      },
    );
  });

  describe('a database that fails', () => {
    test('no cookie leaves when the audit row cannot be written: 503 audit_unavailable with Retry-After', async () => {
      await api().give({ subject: 'user:audit', prefix: 'a' });
      await api().database.queries.schema.alterTable('grants').renameTo('grants_away').execute();

      const response = await api().ask('a', { sub: 'audit' });

      expect(response.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
      expect(response.headers['retry-after']).toBe('2');
      expect(setCookieLines(response)).toEqual([]);
      expect(response.text).not.toMatch(/grants_away|relation|no such table/);
      await api().database.queries.schema.alterTable('grants_away').renameTo('grants').execute();
      await api().ask('a', { sub: 'audit' }).expect(201);
    });
  });

  test('what the HTTP parser refuses is answered in our form', async () => {
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

  test('headers over 16 KB are 431 headers_too_large', async () => {
    const { port } = api().app.getHttpServer().address() as { port: number };
    const answer = await exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17 * 1024)}\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"headers_too_large"');
  });
});

test('in production browsers are told to stay with HTTPS for this host, not for those below it', async () => {
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
      const scopes = cookieValue(response, '__Secure-edgepass-scopes');
      expect(setCookieLines(response).filter((line) => !line.startsWith('CloudFront-Signature'))).toEqual([
        `CloudFront-Policy=${cookieValue(response, 'CloudFront-Policy')}; Path=/media; Max-Age=900; HttpOnly; Secure; SameSite=Lax`,
        'CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F; Path=/media; Max-Age=900; HttpOnly; Secure; SameSite=Lax',
        'CloudFront-Hash-Algorithm=; Path=/media; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
        'CloudFront-Expires=; Path=/media; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
        `__Secure-edgepass-scopes=${scopes}; Path=/api; Max-Age=900; HttpOnly; Secure; SameSite=Lax`,
      ]);
      await api.http.get('/grants').set('Authorization', api.bearer()).expect(404);
      await api.http.get('/api/health/ready').expect(200);
      await api.http.get('/health/ready').expect(200);
    } finally {
      await api.close();
    }
  });
});

test('the log says at start, in one line, which key signs and what browsers are told', async () => {
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
    const cookie = `__Host-edgepass-scopes=${cookieValue(first, '__Host-edgepass-scopes')}`;

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
