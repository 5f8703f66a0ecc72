import type { AddressInfo } from 'node:net';
import { All, Controller, Delete, Get, Module, Req, UseGuards, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import cookieParser from 'cookie-parser';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseResponse, requestBytes, sendRaw } from '../../test/support/raw-request.js';
import {
  AUDIENCE,
  claims,
  compactJws,
  hs256,
  ISSUER,
  NOW_EPOCH_SECONDS,
} from '../../test/support/token-issuer.js';
import { ProblemFilter } from '../http/problems/problem.filter.js';
import { Secret } from '../settings/secret.js';
import { AdminGuard, viewerOf, viewerOrNull, ViewerGuard } from './viewer.guard.js';
import { AuthenticationModule, type AuthenticationInput } from './authentication.module.js';
import type { Viewer } from './viewer.js';

const SECRET = 'a test secret of forty bytes, no more, ok';
const APP = 'https://app.example.com';

function settings(adminGroup: string | null, cookie: string | null): AuthenticationInput {
  return {
    environment: 'production',
    publicUrl: { origin: 'https://api.example.com', basePath: '' },
    appOrigins: [APP],
    authentication: {
      mode: 'jwt',
      keys: { kind: 'secret', secret: new Secret(SECRET) },
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['HS256'],
      cookie,
      viewerClaim: 'sub',
      groupsClaim: 'groups',
      adminGroup,
    },
  };
}

@Controller()
class WhoController {
  @All('who')
  @UseGuards(ViewerGuard)
  who(@Req() request: object): Viewer {
    return viewerOf(request);
  }

  @Get('open')
  open(@Req() request: object): { viewer: Viewer | null } {
    return { viewer: viewerOrNull(request) };
  }

  @Delete('admin')
  @UseGuards(AdminGuard)
  admin(@Req() request: object): Viewer {
    return viewerOf(request);
  }
}

async function start(input: AuthenticationInput): Promise<{ app: INestApplication; port: number }> {
  const clock = { nowEpochSeconds: () => NOW_EPOCH_SECONDS };
  @Module({ imports: [AuthenticationModule.forRoot(input, { clock })], controllers: [WhoController] })
  class AppModule {}
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestApplication({ logger: false });
  app.use(cookieParser());
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  return { app, port: (app.getHttpServer().address() as AddressInfo).port };
}

let withCookie: { app: INestApplication; port: number };
let headerOnly: { app: INestApplication; port: number };

beforeAll(async () => {
  withCookie = await start(settings('admins', 'session'));
  headerOnly = await start(settings(null, null));
});

afterAll(() => Promise.all([withCookie.app.close(), headerOnly.app.close()]));

function token(changes: Readonly<Record<string, unknown>> = {}): string {
  return compactJws({ alg: 'HS256' }, claims(changes), hs256(SECRET));
}

interface Answer {
  readonly status: number;
  readonly said: string | undefined;
  readonly challenge: string | undefined;
}

/** Raw bytes, because a client library would merge the headers that some rows repeat. */
async function call(
  lines: readonly string[],
  { method = 'POST', target = '/who', port = withCookie.port } = {},
): Promise<Answer> {
  const response: ReturnType<typeof parseResponse> = await sendRaw({
    port,
    bytes: requestBytes('api.example.com', target, [...lines, 'Content-Length: 0'], method),
  });
  const body = bodyOf(response);
  const challenge = response.headers.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1];
  return { status: response.status, said: body.code ?? body.id, challenge };
}

function bodyOf(response: ReturnType<typeof parseResponse>): { code?: string; id?: string; detail?: string } {
  return JSON.parse(response.body.toString('utf8')) as { code?: string; id?: string; detail?: string };
}

const CHALLENGE = 'Bearer realm="edgepass"';
const MISSING = { status: 401, said: 'token_missing', challenge: CHALLENGE };
const INVALID = { status: 401, said: 'token_invalid', challenge: `${CHALLENGE}, error="invalid_token"` };
const ACCEPTED = { status: 200, said: 'u1', challenge: undefined };

describe('the Authorization header', () => {
  it('with one Bearer token names the viewer, the scheme in any case', async () => {
    expect(await call([`Authorization: Bearer ${token()}`])).toEqual(ACCEPTED);
    expect(await call([`authorization: bearer ${token()}`])).toEqual(ACCEPTED);
  });

  it('J01: is required', async () => {
    expect(await call([])).toEqual(MISSING);
    expect(await call([], { port: headerOnly.port })).toEqual(MISSING);
  });

  it.each([
    [
      'the header',
      () => headerOnly.port,
      'Expected one header "Authorization: Bearer <access token>", found none. Sign in and send it.',
    ],
    [
      'the cookie too where AUTH_COOKIE names one',
      () => withCookie.port,
      'Expected the cookie "session" or one header "Authorization: Bearer <access token>", found neither. Sign in; a page sends the cookie with credentials: \'include\'.',
    ],
  ])('without any the answer names %s', async (_, port, detail) => {
    const bytes = requestBytes('api.example.com', '/who', [], 'GET');
    expect(bodyOf(await sendRaw({ port: port(), bytes })).detail).toBe(detail);
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Basic dTE6cHc=',
    'Bearer a b',
    '',
    'Bearer  x',
    'Bearer a,b',
    'Token x',
    'Bearer\tx',
  ])('J01: %j is refused', async (value) => {
    expect(await call([`Authorization: ${value}`])).toEqual(INVALID);
  });

  it('J02: twice is refused, wherever the valid one stands', async () => {
    const valid = `Authorization: Bearer ${token()}`;
    expect(await call([valid, 'Authorization: Bearer x'])).toEqual(INVALID);
    expect(await call(['Authorization: Bearer x', valid])).toEqual(INVALID);
    expect(await call([valid, valid])).toEqual(INVALID);
  });

  it('J03: is the only place besides the cookie: a token in the query is not read', async () => {
    expect(await call([], { target: `/who?access_token=${token()}` })).toEqual(MISSING);
  });

  it('J25: an expired token and one that is not valid yet have different codes', async () => {
    const expired = await call([`Authorization: Bearer ${token({ exp: NOW_EPOCH_SECONDS - 31 })}`]);
    const early = await call([`Authorization: Bearer ${token({ nbf: NOW_EPOCH_SECONDS + 31 })}`]);
    expect(expired).toEqual({
      status: 401,
      said: 'token_expired',
      challenge: `${CHALLENGE}, error="invalid_token", error_description="The access token has expired"`,
    });
    expect(early).toEqual({
      status: 401,
      said: 'token_not_yet_valid',
      challenge: `${CHALLENGE}, error="invalid_token", error_description="The access token is not valid yet"`,
    });
  });

  it('wins over the cookie, also when it is broken', async () => {
    const cookie = `Cookie: session=${token({ sub: 'u2' })}`;
    expect(await call([cookie, `Authorization: Bearer ${token()}`])).toEqual(ACCEPTED);
    expect(await call([cookie, 'Authorization: Bearer x', `Origin: ${APP}`])).toEqual(INVALID);
  });

  it('S08: decides for itself, whatever the Origin', async () => {
    expect(await call([`Authorization: Bearer ${token()}`, 'Origin: https://evil.example'])).toEqual(
      ACCEPTED,
    );
  });

  it('O20: headers that name another path open nothing', async () => {
    const lines = ['X-Forwarded-Uri', 'X-Original-URL', 'X-Rewrite-URL'].map((name) => `${name}: /open`);
    expect(await call(lines)).toEqual(MISSING);
  });
});

describe('the token cookie', () => {
  const cookie = `Cookie: session=${token()}`;
  const rejected = { status: 403, said: 'csrf_rejected', challenge: undefined };

  it('names the viewer on a call from a listed page, and on any safe call', async () => {
    expect(await call([cookie, `Origin: ${APP}`])).toEqual(ACCEPTED);
    expect(await call([cookie], { method: 'GET' })).toEqual(ACCEPTED);
  });

  it('is read among others, and twice with the same value', async () => {
    const lines = [`Cookie: a=b; xsession=1;session=${token()} ; session=${token()}`, `Origin: ${APP}`];
    expect(await call(lines)).toEqual(ACCEPTED);
  });

  it('is not read without AUTH_COOKIE', async () => {
    expect(await call([cookie, `Origin: ${APP}`], { port: headerOnly.port })).toEqual(MISSING);
  });

  it.each([
    ['S01', ['Origin: https://evil.example', 'Content-Type: text/plain']],
    ['S02', ['Origin: https://evil.example']],
    ['S03', ['Sec-Fetch-Site: cross-site']],
    ['S05', ['Origin: null']],
    ['B109', ['Sec-Fetch-Site: same-site']],
    ['B110', []],
  ])('%s: does not authorise an unsafe call with %j', async (_, lines) => {
    expect(await call([cookie, ...lines])).toEqual(rejected);
  });

  it.each(['%zz', '%', 'a.b', '\\', '%00', 'j:{}', '"', '"""'])(
    'S09: the value %s is refused',
    async (value) => {
      expect(await call([`Cookie: session=${value}`])).toEqual(INVALID);
    },
  );

  it('S09: quotes around the value are none of it (RFC 6265 4.1.1)', async () => {
    expect(await call([`Cookie: session="${token()}"`, `Origin: ${APP}`])).toEqual(ACCEPTED);
    expect(await call(['Cookie: session=""'])).toEqual(MISSING);
  });

  it.each(['=x', ';;;', 'session', 'session=', '; session=;', ' = ; = ', 'SESSION=x', '\x80\xff=\xfe'])(
    'S09: the header %j holds no token',
    async (header) => {
      expect(await call([`Cookie: ${header}`])).toEqual(MISSING);
    },
  );

  it('S09: 300 cookies are read in full', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `cookie-${index}=some-value`).join('; ');
    expect(await call([`Cookie: ${many}`])).toEqual(MISSING);
    expect(await call([`Cookie: ${many}; session=${token()}`, `Origin: ${APP}`])).toEqual(ACCEPTED);
    const same = Array.from({ length: 300 }, (_, index) => `session=${index}`).join('; ');
    expect(await call([`Cookie: ${same}`])).toEqual(INVALID);
  });

  it('S10: a blank before the = makes no other cookie of it', async () => {
    const planted = token({ sub: 'u2' });
    expect(await call([`Cookie: session =${planted}; session=${token()}`, `Origin: ${APP}`])).toEqual(
      INVALID,
    );
  });

  it('S10: two with different values are refused, in one header or in two', async () => {
    const other = token({ sub: 'u2' });
    expect(await call([`${cookie}; session=${other}`, `Origin: ${APP}`])).toEqual(INVALID);
    expect(await call([cookie, `Cookie: session=${other}`, `Origin: ${APP}`])).toEqual(INVALID);
    expect(await call([`${cookie}; session=`, `Origin: ${APP}`])).toEqual(INVALID);
  });
});

describe('the viewer of a request', () => {
  it('does not exist where no guard has verified a token', async () => {
    const response = await fetch(`http://127.0.0.1:${withCookie.port}/open`, {
      headers: { Authorization: `Bearer ${token()}` },
    });
    expect(await response.json()).toEqual({ viewer: null });
  });

  it('cannot be asked for on an unguarded route without noticing', () => {
    expect(() => viewerOf({ viewer: { id: 'u1', groups: [] } })).toThrow(
      'Expected a viewer on this request, found none: add ViewerGuard to the route.',
    );
  });
});

describe('an admin route', () => {
  const admin = `Authorization: Bearer ${token({ groups: ['admins'] })}`;
  const route = { method: 'DELETE', target: '/admin' };

  it('opens to a member of the admin group', async () => {
    expect(await call([admin], route)).toEqual(ACCEPTED);
  });

  it.each([[undefined], [[]], ['admins2'], [['Admins', 'admin', 'admins ']], ['users admins']])(
    'answers admin_required to a caller in %j',
    async (groups) => {
      const answer = await call([`Authorization: Bearer ${token({ groups })}`], route);
      expect(answer).toEqual({ status: 403, said: 'admin_required', challenge: undefined });
    },
  );

  it('asks for a token first', async () => {
    expect(await call([], route)).toEqual(MISSING);
  });

  it('checks for forgery when the cookie signed the administrator in', async () => {
    const cookie = `Cookie: session=${token({ groups: 'admins' })}`;
    expect(await call([cookie, `Origin: ${APP}`], route)).toEqual(ACCEPTED);
    expect((await call([cookie, 'Origin: https://evil.example'], route)).said).toBe('csrf_rejected');
  });

  it('does not exist for anybody without an admin group', async () => {
    const gone = { status: 404, said: 'not_found', challenge: undefined };
    const there = { ...route, port: headerOnly.port };
    expect(await call([admin], there)).toEqual(gone);
    expect(await call([], there)).toEqual(gone);
    expect(await call(['Authorization: Bearer x'], there)).toEqual(gone);
  });
});
