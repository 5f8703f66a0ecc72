import { Controller, Get, Module, Post, Req, UseGuards, type INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import cookieParser from 'cookie-parser';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { NOW_EPOCH_SECONDS } from '../../test/support/token-issuer.js';
import { ProblemFilter } from '../http/problems/problem.filter.js';
import { AdminGuard, viewerOf, ViewerGuard } from './viewer.guard.js';
import { AuthenticationModule, type AuthenticationInput } from './authentication.module.js';
import type { Viewer } from './viewer.js';

const APP = 'https://app.edgepass.localhost:3000';
const API = 'https://api.edgepass.localhost:3001';
const EVIL = 'https://evil.example';

let now = NOW_EPOCH_SECONDS;
beforeEach(() => {
  now = NOW_EPOCH_SECONDS;
});

@Controller()
class WhoController {
  @Post('who')
  @UseGuards(ViewerGuard)
  who(@Req() incoming: object): Viewer {
    return viewerOf(incoming);
  }

  @Get('admin')
  @UseGuards(AdminGuard)
  admin(@Req() incoming: object): Viewer {
    return viewerOf(incoming);
  }
}

async function start(changes: Partial<AuthenticationInput> = {}): Promise<INestApplication> {
  const settings: AuthenticationInput = {
    environment: 'development',
    publicUrl: { origin: API, basePath: '' },
    appOrigins: [APP],
    authentication: { mode: 'demo', viewerClaim: 'sub', groupsClaim: 'groups', adminGroup: null },
    ...changes,
  };
  const dependencies = { clock: { nowEpochSeconds: () => now }, demoSecret: Buffer.alloc(32, 7) };
  @Module({
    imports: [AuthenticationModule.forRoot(settings, dependencies)],
    controllers: [WhoController],
  })
  class AppModule {}
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestApplication<NestExpressApplication>({ logger: false });
  app.use(cookieParser());
  app.useGlobalFilters(new ProblemFilter());
  return app.init();
}

let app: INestApplication;
beforeAll(async () => {
  app = await start();
});
afterAll(() => app.close());

function signIn(user: unknown, headers: Readonly<Record<string, string>> = {}, on = app): request.Test {
  return request(on.getHttpServer()).post('/demo/sign-in').set(headers).send({ user });
}

async function tokenOf(user: string): Promise<string> {
  const response = await signIn(user).expect(200);
  return (response.body as { accessToken: string }).accessToken;
}

describe('POST /demo/sign-in', () => {
  it('answers with a token for eight hours and sets the same token as a host-only cookie', async () => {
    const response = await signIn('alice', { Origin: APP });
    const { accessToken, expiresAt } = response.body as { accessToken: string; expiresAt: string };
    expect(response.status).toBe(200);
    expect(expiresAt).toBe('2027-01-15T16:00:00Z');
    expect(response.get('Set-Cookie')).toEqual([
      `edgepass_demo=${accessToken}; Max-Age=28800; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ]);
  });

  it.each(['alice', 'bob'])('makes %s a viewer in no group', async (user) => {
    const token = await tokenOf(user);
    const response = await request(app.getHttpServer()).post('/who').auth(token, { type: 'bearer' });
    expect(response.body).toEqual({ id: user, groups: [] });
  });

  it('makes carol an administrator, and nobody else', async () => {
    const asCarol = await request(app.getHttpServer())
      .get('/admin')
      .auth(await tokenOf('carol'), { type: 'bearer' });
    const asAlice = await request(app.getHttpServer())
      .get('/admin')
      .auth(await tokenOf('alice'), { type: 'bearer' });
    expect(asCarol.body).toEqual({ id: 'carol', groups: ['admins'] });
    expect(asAlice.body).toMatchObject({ status: 403, code: 'admin_required' });
  });

  it.each([
    ['mallory'],
    ['Alice'],
    ['alice '],
    [''],
    [undefined],
    [null],
    [1],
    [['alice']],
    [{ id: 'alice' }],
  ])('does not know %j', async (user) => {
    const response = await signIn(user);
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({ code: 'user_unknown' });
    expect(response.get('Set-Cookie')).toBeUndefined();
  });

  it('needs a body', async () => {
    const response = await request(app.getHttpServer()).post('/demo/sign-in');
    expect(response.body).toMatchObject({ status: 400, code: 'body_malformed' });
  });

  it.each([
    ['S02', { Origin: EVIL }],
    ['S03', { 'Sec-Fetch-Site': 'cross-site' }],
    ['S05', { Origin: 'null' }],
    ['B109', { 'Sec-Fetch-Site': 'same-site' }],
  ])('%s: a foreign page cannot sign its visitor in', async (_, headers) => {
    const response = await signIn('alice', headers);
    expect(response.status).toBe(403);
    expect(response.body).toMatchObject({ code: 'csrf_rejected' });
    expect(response.get('Set-Cookie')).toBeUndefined();
  });

  it('O14–O16: forged Host and forwarding headers change nothing of the cookie', async () => {
    const response = await signIn('alice', {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'http',
    });
    const [, ...attributes] = (response.get('Set-Cookie')?.[0] ?? '').split('; ');
    expect(attributes).toEqual(['Max-Age=28800', 'Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']);
  });

  it('S13: gives another token each time, also within one second', async () => {
    expect(await tokenOf('alice')).not.toBe(await tokenOf('alice'));
  });
});

describe('the demo cookie', () => {
  async function cookieOf(user: string): Promise<string> {
    return `edgepass_demo=${await tokenOf(user)}`;
  }

  it('signs the viewer in on calls from the page', async () => {
    const response = await request(app.getHttpServer())
      .post('/who')
      .set({ Cookie: await cookieOf('bob'), Origin: APP });
    expect(response.body).toEqual({ id: 'bob', groups: [] });
  });

  it('does not authorise a call from a foreign page', async () => {
    const response = await request(app.getHttpServer())
      .post('/who')
      .set({ Cookie: await cookieOf('bob'), Origin: EVIL });
    expect(response.body).toMatchObject({ status: 403, code: 'csrf_rejected' });
  });

  it('ends after eight hours and the leeway', async () => {
    const headers = { Cookie: await cookieOf('bob'), Origin: APP };
    now = NOW_EPOCH_SECONDS + 28_800 + 29;
    const before = await request(app.getHttpServer()).post('/who').set(headers);
    now = NOW_EPOCH_SECONDS + 28_800 + 30;
    const after = await request(app.getHttpServer()).post('/who').set(headers);
    expect(before.body).toEqual({ id: 'bob', groups: [] });
    expect(after.body).toMatchObject({ status: 401, code: 'token_expired' });
  });

  it('outlives a restart with the same secret', async () => {
    const headers = { Cookie: await cookieOf('bob'), Origin: APP };
    const restarted = await start();
    const response = await request(restarted.getHttpServer()).post('/who').set(headers);
    await restarted.close();
    expect(response.body).toEqual({ id: 'bob', groups: [] });
  });
});

describe('DELETE /demo/sign-in', () => {
  it('clears the cookie with the attributes it was set with, also without a token', async () => {
    const response = await request(app.getHttpServer()).delete('/demo/sign-in').set({ Origin: APP });
    expect(response.status).toBe(204);
    expect(response.get('Set-Cookie')).toEqual([
      'edgepass_demo=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  it('is not for foreign pages', async () => {
    const response = await request(app.getHttpServer()).delete('/demo/sign-in').set({ Origin: EVIL });
    expect(response.body).toMatchObject({ status: 403, code: 'csrf_rejected' });
    expect(response.get('Set-Cookie')).toBeUndefined();
  });
});

describe('the address of the API', () => {
  it('decides Path and Secure of the cookie, and whose pages may sign in', async () => {
    const publicUrl = { origin: 'http://www.edgepass.localhost:8080', basePath: '/api' };
    const other = await start({ publicUrl });
    const response = await signIn('alice', { Origin: publicUrl.origin }, other);
    await other.close();
    const [, ...attributes] = (response.get('Set-Cookie')?.[0] ?? '').split('; ');
    expect(attributes).toEqual(['Max-Age=28800', 'Path=/api', 'HttpOnly', 'SameSite=Lax']);
  });

  it('AUTH_ADMIN_GROUP names the group that carol is in', async () => {
    const other = await start({
      authentication: { mode: 'demo', viewerClaim: 'sub', groupsClaim: 'groups', adminGroup: 'ops' },
    });
    const signedIn = await signIn('carol', {}, other);
    const { accessToken } = signedIn.body as { accessToken: string };
    const response = await request(other.getHttpServer()).get('/admin').auth(accessToken, { type: 'bearer' });
    await other.close();
    expect(response.body).toEqual({ id: 'carol', groups: ['ops'] });
  });
});
