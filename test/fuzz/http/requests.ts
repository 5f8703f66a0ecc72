import { randomOf, type Random } from '../random.js';
import type { Credentials } from './credentials.js';
import type { Operation } from '../../support/open-api.js';
import { hostileText, hostileValue, MARKER, takenBody, takenValue } from './values.js';

/** What the requests are made of beside the document. */
export interface RequestParts {
  readonly operations: readonly Operation[];
  readonly credentials: Credentials;
  readonly appOrigin: string;
  /** Ids that answers have named; grows while the run goes on. */
  readonly ids: readonly string[];
}

/** One request, byte for byte. */
export interface FuzzRequest {
  readonly bytes: Buffer;
  readonly method: string;
  readonly target: string;
  /** The only Origin that it names, if it names one. */
  readonly origin: string | null;
}

interface Draft {
  method: string;
  path: string;
  query: [name: string, value: string][];
  headers: (readonly [name: string, value: string])[];
  body: Buffer | null;
  version: string;
  isChunked: boolean;
}

/**
 * The request of one place in the sequence of a seed: two fifths are what the document allows, the others have
 * one to three things changed. The same but for tokens and ids on every machine.
 */
export function fuzzRequest(parts: RequestParts, seed: number, index: number): FuzzRequest {
  const random = randomOf(seed, index);
  const operation = random.pick(parts.operations);
  const draft = allowed(operation, parts, random);
  if (random.chance(0.6)) {
    const changes = 1 + random.below(3);
    for (let change = 0; change < changes; change += 1) random.pick(CHANGES)(draft, parts, random, operation);
  }
  return written(draft);
}

/** The bytes as a text from which they can be sent again, tokens and long runs of one piece left out. */
export function describeRequest({ bytes }: FuzzRequest): string {
  const text = bytes
    .toString('latin1')
    .replace(/eyJ[\w-]+\.[\w-]*\.[\w-]*/g, '<token>')
    .replace(/(.{1,6}?)\1{20,}/gs, (run, piece: string) => `<${run.length / piece.length} times ${piece}>`);
  return JSON.stringify(text);
}

function allowed(operation: Operation, parts: RequestParts, random: Random): Draft {
  const { credentials, ids } = parts;
  const token = operation.needsAdmin ? credentials.admin : random.pick(credentials.viewers);
  const id = ids.length > 0 && random.chance(0.7) ? random.pick(ids) : '019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10';
  const draft: Draft = {
    method: operation.method,
    path: operation.path.replace(/\{[^}]+\}/g, id),
    query: operation.parameters
      .filter((parameter) => parameter.in === 'query' && random.chance(0.4))
      .map(({ name, schema }) => [name, String(takenValue(name, schema, random))]),
    headers: [['Host', 'api.media.example.com']],
    body: null,
    version: '1.1',
    isChunked: random.chance(0.1),
  };
  if (operation.needsToken) draft.headers.push(['Authorization', `Bearer ${token}`]);
  if (random.chance(0.5)) draft.headers.push(['Origin', parts.appOrigin]);
  if (operation.body !== null) setBody(draft, JSON.stringify(takenBody(operation.body, random)));
  return draft;
}

function setBody(draft: Draft, body: string | Buffer): void {
  draft.body = Buffer.from(body as string);
  setHeader(draft, 'Content-Type', 'application/json');
}

function setHeader(draft: Draft, name: string, ...values: readonly string[]): void {
  const others = draft.headers.filter(([key]) => key.toLowerCase() !== name.toLowerCase());
  draft.headers = [...others, ...values.map((value) => [name, value] as const)];
}

type Change = (draft: Draft, parts: RequestParts, random: Random, operation: Operation) => void;

const METHODS = 'GET GET HEAD HEAD POST PUT DELETE PATCH OPTIONS TRACE PROPFIND M-SEARCH QUERY get FOO'.split(
  ' ',
);

const CHANGES: readonly Change[] = [
  (draft, _parts, { pick }) => {
    draft.method = pick(METHODS);
  },
  changePath,
  changeQuery,
  changeBody,
  changeBody,
  changeBodyText,
  changeContentType,
  changeCredentials,
  changeHeaders,
  changeHeaders,
];

function changePath(draft: Draft, _parts: RequestParts, random: Random): void {
  const { pick, below } = random;
  const at = below(draft.path.length + 1);
  const [before, after] = [draft.path.slice(0, at), draft.path.slice(at)];
  draft.path = pick([
    () => `${draft.path}/`,
    () => `/${draft.path}`,
    () => draft.path.toUpperCase(),
    () => `${before}%${(after.charCodeAt(0) || 0x41).toString(16)}${after.slice(1)}`,
    () => before + pick(['%', '%zz', '%c0%af', '%00', '%2f', '/', '/./', '/../', ';', ';x=1', '\\', '#', '*', '~', ':']) + after,
    () => `/${encodeURIComponent(hostileText(random).toWellFormed())}`,
    () => draft.path.replace(/[^/]+$/, () => encodeURIComponent(hostileText(random).toWellFormed())),
    () => `http://api.media.example.com${draft.path}`,
    () => pick([`http://[${draft.path}`, 'http://[', 'http://[::1', 'http://', 'foo://a', `HTTP://a:b${draft.path}`, `http://a@b:99999${draft.path}`]),
    () => pick(['*', '/', '', '/docs', '/openapi.json', '/metrics', '/demo/sign-in', '/admin', '/favicon.ico', '/health/live/']),
    () => `/${'a/'.repeat(below(3000))}`,
    () => `${before}${String.fromCharCode(below(256))}${after}`,
  ])(); // oxfmt-ignore
}

function changeQuery(draft: Draft, _parts: RequestParts, random: Random): void {
  const { pick, below } = random;
  const name = pick(['prefix', 'subject', 'limit', 'cursor', 'x', '__proto__', 'prefix[]', 'limit[a]', 'access_token', '']);
  const value = pick([
    () => encodeURIComponent(hostileText(random).toWellFormed()),
    () => pick(['%zz', '%', '%00', '%ff', '+', '&&&', '=', '1&limit=2', MARKER]),
    () => 'q'.repeat(below(9000)),
    () => '1&a='.repeat(below(1200)),
  ])();
  draft.query.push([name, value]);
} // oxfmt-ignore

function changeBody(draft: Draft, _parts: RequestParts, random: Random, operation: Operation): void {
  const { pick } = random;
  const body = takenBody(operation.body ?? {}, random);
  const names = [...Object.keys(operation.body?.properties ?? {}), 'prefix'];
  const name = pick(names);
  pick([
    () => void (body[name] = hostileValue(random)),
    () => void (body[name] = hostileValue(random)),
    () => Reflect.deleteProperty(body, name),
    () => void (body[`${name}${MARKER}`] = 1),
    () => Object.defineProperty(body, pick(['__proto__', 'constructor', 'toString']), { value: {}, enumerable: true }),
    () => void (body[name] = `${String(body[name])}${hostileText(random)}`),
  ])(); // oxfmt-ignore
  setBody(draft, JSON.stringify(body));
}

function changeBodyText(draft: Draft, _parts: RequestParts, random: Random): void {
  const { pick, below } = random;
  const text = draft.body?.toString() ?? '{"prefix":"open"}';
  const at = below(text.length + 1);
  setBody(
    draft,
    pick<() => string | Buffer>([
      () => text.slice(0, at),
      () => text.slice(0, at) + pick(['"', '\\', '{', '}', ',', '\u0000', MARKER, '\n', 'é', '\ud83d']) + text.slice(at),
      () => text.replace('{', `{"prefix":"open",`),
      () => `[${text}]`,
      () => pick(['', ' ', 'null', '0', '"a"', '{}', '[]', 'true', '{"prefix":1e999}', 'NaN', '/*x*/{}']),
      () => `\ufeff${text}`,
      () => Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from(text.slice(at))]),
      () => Buffer.from(text, 'utf16le'),
      () => `{"a":${'['.repeat(below(3000))}`,
      () => `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
      () => JSON.stringify({ prefix: 'x'.repeat(below(40_000)) }),
      () => `${text}${text}`,
    ])(),
  ); // oxfmt-ignore
}

function changeContentType(draft: Draft, _parts: RequestParts, { pick }: Random): void {
  setHeader(
    draft,
    'Content-Type',
    ...pick([
      [],
      [''],
      ['text/plain'],
      ['application/json; charset=utf-8'],
      ['application/json; charset=latin1'],
      ['application/json;'],
      ['application/json', 'application/json'],
      ['application/json, text/plain'],
      ['application/x-www-form-urlencoded'],
      ['multipart/form-data; boundary=x'],
      [`application/${MARKER}`],
      ['APPLICATION/JSON'],
    ]),
  );
}

function changeCredentials(draft: Draft, { credentials }: RequestParts, { pick, chance }: Random): void {
  const names = new Set(['authorization', 'cookie']);
  draft.headers = draft.headers.filter(([name]) => !names.has(name.toLowerCase()));
  if (chance(0.3)) {
    const token = chance(0.5) ? credentials.admin : pick(credentials.viewers);
    draft.headers.push(['Authorization', `Bearer ${token}`]);
  } else draft.headers.push(...pick(Object.values(credentials.wrong)));
}

function changeHeaders(draft: Draft, { appOrigin }: RequestParts, random: Random): void {
  const { pick, below, chance } = random;
  pick([
    () => setHeader(draft, 'Origin', pick(['null', '', '*', `${appOrigin}/`, appOrigin.toUpperCase(), `https://${MARKER}.example`, `${appOrigin}.evil.example`])),
    () => setHeader(draft, 'Origin', appOrigin, appOrigin),
    () => setHeader(draft, 'Sec-Fetch-Site', pick(['cross-site', 'same-site', 'same-origin', 'none', MARKER])),
    () => setHeader(draft, 'Cookie', heldCookies(random)),
    () => setHeader(draft, 'Cookie', pick([MARKER, '=', ';;;', 'a=%zz', '__proto__=1', `j:{"${MARKER}":1}`, 'x=j:[', 'a='.repeat(3000)])),
    () => setHeader(draft, 'Host', pick(['', 'evil.example', 'a b', '127.0.0.1', `${MARKER}:0`, 'x'.repeat(300)])),
    () => setHeader(draft, 'Host'),
    () => setHeader(draft, 'Host', 'a', 'b'),
    () => setHeader(draft, pick(['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'X-Original-URL', 'X-HTTP-Method-Override', 'X-Request-Id', 'Via']), pick(['', '127.0.0.1', 'DELETE', '/admin/entitlements', MARKER, '"'])),
    () => setHeader(draft, pick(['Accept', 'Accept-Encoding', 'Accept-Language', 'Range', 'If-None-Match', 'If-Modified-Since', 'TE', 'Upgrade', 'Expect', 'Content-Encoding', 'Content-Length-X']), pick(['', '*', '*/*;q=0', 'bytes=0-1', '"x"', 'gzip', 'trailers', 'h2c', '200-ok', MARKER])),
    () => setHeader(draft, 'Expect', '100-continue'),
    () => setHeader(draft, 'Connection', pick(['close', 'keep-alive', 'upgrade', 'Authorization'])),
    () => setHeader(draft, 'Access-Control-Request-Method', pick(['POST', 'DELETE', MARKER])),
    () => void draft.headers.push(...Array.from({ length: 80 + below(40) }, (_, at) => [`X-${at}`, 'v'] as const)),
    () => setHeader(draft, 'X-Long', 'v'.repeat(below(20_000))),
    () => setHeader(draft, 'X-Bytes', String.fromCharCode(below(256), below(256))),
    () => setHeader(draft, pick(['X Y', 'X\u0000', 'é', '', ':']), 'v'),
    () => void (draft.version = pick(['1.0', '2.0', '0.9', '1.2', '9.9'])),
    () => void (draft.isChunked = chance(0.5)),
  ])(); // oxfmt-ignore
}

/** Near to what we write into our own cookies, that of edgepass 0.1 too. */
function heldCookies({ pick, below }: Random): string {
  const path = () => pick(['/open', '/open/a', '/', '/..', '/courses/algebra', MARKER]);
  const time = () => pick(['4000000000', '1', '', '1e9']);
  const value = () => ['1', time(), time(), pick(['', 'K9gGyX8OAK8', 'x']), pick(['', 'example.com', MARKER]), pick(['', 'P']), path()].join('|');
  const old = () => `__Host-edgepass-scopes=1|${pick(['', '0123456789abcdef'])}|${time()}:${path().slice(1)}`;
  return Array.from({ length: below(24) }, () => pick([`__Host-edgepass-held-${pick(['RK2DblFFF8o', 'x', ''])}=${value()}`, old()])).join('; ');
} // oxfmt-ignore

function written(draft: Draft): FuzzRequest {
  const query = draft.query.map(([name, value]) => `${name}=${value}`).join('&');
  const target = query === '' ? draft.path : `${draft.path}?${query}`;
  const lines = [...draft.headers];
  const body = draft.body ?? Buffer.alloc(0);
  if (draft.isChunked && body.length > 0) lines.push(['Transfer-Encoding', 'chunked']);
  else if (draft.body !== null) lines.push(['Content-Length', String(body.length)]);
  const head = [
    `${draft.method} ${target} HTTP/${draft.version}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');
  const origins = draft.headers.filter(([name]) => name === 'Origin').map(([, value]) => value);
  const chunks = draft.isChunked && body.length > 0 ? chunked(body) : [body];
  return {
    bytes: Buffer.concat([Buffer.from(head, 'latin1'), ...chunks]),
    method: draft.method,
    target,
    origin: origins.length === 1 ? (origins[0] ?? null) : null,
  };
}

function chunked(body: Buffer): readonly Buffer[] {
  const half = Math.ceil(body.length / 2);
  const parts = [body.subarray(0, half), body.subarray(half)].filter(({ length }) => length > 0);
  return [
    ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ];
}
