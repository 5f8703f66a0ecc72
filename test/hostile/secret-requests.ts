import { requestBytes } from '../support/raw-request.js';

/** Gives a new secret of that name, which nothing may ever print, store or answer. */
export type MakeSecret = (name: string) => string;

/** One request that carries a secret where somebody has put one before; the bytes of it. */
export interface SecretRequest {
  readonly name: string;
  readonly bytes: Buffer;
}

const HOST = 'api.media.example.com';

/** Requests of every kind that is refused, each with secrets of its own in it. */
export function secretRequests(
  secret: MakeSecret,
  token: { readonly viewer: string; readonly admin: string },
): readonly SecretRequest[] {
  const requests: SecretRequest[] = [];
  const add = (name: string, make: (secret: string) => Buffer): void => {
    requests.push({ name, bytes: make(secret(name)) });
  };
  const get = (target: string, ...lines: readonly string[]) => requestBytes(HOST, target, lines);
  const viewer = `Authorization: Bearer ${token.viewer}`;
  const admin = `Authorization: Bearer ${token.admin}`;
  const json = 'Content-Type: application/json';
  const send = (method: string, target: string, body: string | Buffer, ...lines: readonly string[]) =>
    Buffer.concat([
      requestBytes(HOST, target, [...lines, `Content-Length: ${Buffer.byteLength(body)}`], method),
      Buffer.from(body as string),
    ]);
  const post = (body: string | Buffer) => send('POST', '/grants', body, viewer, json);

  add('an opaque token', (text) => get('/grants', `Authorization: Bearer ${text}`));
  add('a password of Basic', (text) =>
    get('/grants', `Authorization: Basic ${Buffer.from(`u1:${text}`).toString('base64')}`),
  );
  add('the second of two tokens', (text) => get('/grants', viewer, `Authorization: Bearer ${text}`));
  add('credentials of an unknown scheme', (text) => get('/grants', `Authorization: Digest x="${text}"`));
  add('a token with blanks', (text) => get('/grants', `Authorization: Bearer  ${text} `));
  add('a session cookie', (text) => get('/grants', `Cookie: session=${text}`));
  add('one of two session cookies', (text) => get('/grants', `Cookie: session=a; session=${text}`));
  add('a session cookie of a forged call', (text) =>
    send(
      'POST',
      '/grants',
      '{"prefix":"open"}',
      `Cookie: session=${text}`,
      json,
      'Origin: https://evil.example',
    ),
  );
  add('a CloudFront-Signature', (text) => get('/grants', viewer, `Cookie: CloudFront-Signature=${text}`));
  add('a CloudFront-Policy', (text) => get('/grants', viewer, `Cookie: CloudFront-Policy=${text}`));
  add('a broken cookie of a held grant', (text) =>
    get('/grants', viewer, `Cookie: __Host-edgepass-held-AAAAAAAAAAA=1|${text}|x`),
  );
  add('a cookie that is JSON', (text) => get('/grants', viewer, `Cookie: x=j:{"${text}"`));
  add('access_token in the query', (text) => get(`/grants?access_token=${text}`));
  add('an unknown member of a query', (text) => get(`/admin/grants?token=${text}`, admin));
  add('the name of a member of a query', (text) => get(`/admin/grants?${text}=1`, admin));
  add('limit', (text) => get(`/admin/grants?limit=${text}`, admin));
  add('cursor', (text) => get(`/admin/grants?cursor=${text}`, admin));
  add('subject in a query', (text) => get(`/admin/entitlements?subject=${text}`, admin));
  add('prefix in a query', (text) => send('DELETE', `/grants?prefix=../${text}`, ''));
  add('a path that is not there', (text) => get(`/${text}`));
  add('a path that cannot be decoded', (text) => send('DELETE', `/admin/entitlements/${text}%zz`, '', admin));
  add('an id', (text) => send('DELETE', `/admin/entitlements/${text}`, '', admin));
  add('the password of an absolute target', (text) => get(`http://u1:${text}@${HOST}/grants`));
  add('the target of CONNECT', (text) => requestBytes(HOST, `${text}:443`, [], 'CONNECT'));
  for (const name of [
    'Proxy-Authorization', 'X-Api-Key', 'X-Amz-Security-Token', 'X-Auth-Token', 'Referer', 'Origin', 'Forwarded',
    'X-Forwarded-For', 'X-Forwarded-Host', 'X-Request-Id', 'User-Agent', 'Sec-Fetch-Site', 'Expect', 'Upgrade',
    'Accept', 'If-None-Match', 'Range', 'Access-Control-Request-Headers',
  ]) {
    add(`the header ${name}`, (text) => get('/entitlements', viewer, `${name}: https://u1:${text}@x.example/`));
  } // oxfmt-ignore
  add('Host', (text) =>
    Buffer.from(`GET /grants HTTP/1.1\r\nHost: ${text}.example\r\nConnection: close\r\n\r\n`),
  );
  add('the second Host', (text) => get('/grants', `Host: ${text}`));
  add('a header without a name', (text) => get('/grants', `: ${text}`));
  add('a header with a line end', (text) => get('/grants', `X-A: b\n ${text}`));
  add('a header that is too long', (text) => get('/grants', `X-Long: ${text.repeat(600)}`));
  add('one header of too many', (text) =>
    get('/grants', ...Array.from({ length: 120 }, () => `X-A: ${text}`)),
  );
  add('a method', (text) => requestBytes(HOST, '/grants', [], text));
  add('a version', (text) => Buffer.from(`GET / HTTP/${text}\r\n\r\n`));
  add('bytes that are no HTTP', (text) => Buffer.from(`${text}\r\n\r\n`));
  add('Content-Type', (text) => send('POST', '/grants', '{}', viewer, `Content-Type: text/${text}`));
  add('Content-Encoding', (text) => send('POST', '/grants', '{}', viewer, json, `Content-Encoding: ${text}`));
  add('the size of a chunk', (text) =>
    Buffer.concat([
      requestBytes(HOST, '/grants', [viewer, json, 'Transfer-Encoding: chunked'], 'POST'),
      Buffer.from(`z${text}\r\n`),
    ]),
  );
  add('a body of another type', (text) =>
    send('POST', '/grants', `password=${text}`, viewer, 'Content-Type: text/plain'),
  );
  add('a body that is no JSON', (text) => post(`{"prefix":"open","x":${text}`));
  add('a body that is no object', (text) => post(JSON.stringify(text)));
  add('a body that is not UTF-8', (text) => post(Buffer.from(`{"prefix":"${text}\xff"}`, 'latin1')));
  add('a body that nests too deep', (text) => post(`{"a":${'['.repeat(99)}"${text}"${']'.repeat(99)}}`));
  add('a body that is too large', (text) => post(JSON.stringify({ prefix: text.repeat(900) })));
  add('a member named twice', (text) => post(`{"prefix":"${text}","prefix":"${text}"}`));
  add('the name of an unknown member', (text) => post(JSON.stringify({ prefix: 'open', [text]: 1 })));
  add('an unknown member', (text) => post(JSON.stringify({ prefix: 'open', password: text })));
  add('a prefix', (text) => post(JSON.stringify({ prefix: `open/${text}/*` })));
  add('ttlSeconds', (text) => post(JSON.stringify({ prefix: 'open', ttlSeconds: text })));
  add('the subject of a right', (text) =>
    send('PUT', '/admin/entitlements', JSON.stringify({ subject: text, prefix: 'a' }), admin, json),
  );
  add('the prefix of a right', (text) =>
    send(
      'PUT',
      '/admin/entitlements',
      JSON.stringify({ subject: 'everyone', prefix: `${text}?` }),
      admin,
      json,
    ),
  );
  add('the start of a right', (text) =>
    send(
      'PUT',
      '/admin/entitlements',
      JSON.stringify({ subject: 'everyone', prefix: 'a', startsAt: text }),
      admin,
      json,
    ),
  );
  return requests;
}
