import { generateKeyPairSync } from 'node:crypto';
import { Controller, Module, Post, Res, UnauthorizedException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import {
  CloudFrontService,
  GrantsModule,
  type CookieResponse,
  type GrantRecord,
  type MayOpen,
  type RecordGrant,
} from '../../src/index.js';
import { decodeCloudFront } from '../support/set-cookie-lines.js';

const NOW_EPOCH_SECONDS = 1_800_000_000;
const SITE = 'https://www.school.example.com';

const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

class Ports implements MayOpen, RecordGrant {
  readonly all: GrantRecord[] = [];

  async mayOpen(_viewer: unknown, prefix: string) {
    return prefix.startsWith('courses') ? { untilEpochSeconds: null } : null;
  }

  async record(grant: GrantRecord): Promise<void> {
    if (grant.prefix === 'courses/on-a-full-disk') throw new Error('ENOSPC');
    this.all.push(grant);
  }

  async unexpired(): Promise<readonly GrantRecord[]> {
    return this.all.toReversed();
  }
}

/** A route of the host's own, which sets a cookie of its own in the same answer. */
@Controller('previews')
class PreviewsController {
  constructor(private readonly cloudFront: CloudFrontService) {}

  @Post()
  async open(
    @Res({ passthrough: true }) reply: CookieResponse & { header(name: string, value: string): void },
  ) {
    reply.header('set-cookie', 'session=1; Path=/');
    this.cloudFront.write(reply, await this.cloudFront.prepare('courses/preview', NOW_EPOCH_SECONDS + 60));
  }
}
Reflect.defineMetadata('design:paramtypes', [CloudFrontService], PreviewsController);

@Module({ providers: [Ports], exports: [Ports] })
class HostModule {}

let app: NestFastifyApplication;
beforeAll(async () => {
  const grants = GrantsModule.forRoot({
    imports: [HostModule],
    viewer: {
      guards: [],
      read: (incoming: { readonly headers: Readonly<Record<string, unknown>> }) => {
        if (incoming.headers['x-session'] === 'revoked') throw new UnauthorizedException('signed out');
        return incoming.headers['x-session'] === 'sam' ? { id: 'sam', groups: [] } : null;
      },
    },
    mayOpen: Ports,
    record: Ports,
    signedUrls: true,
    clock: { nowEpochSeconds: () => NOW_EPOCH_SECONDS },
    cloudFront: {
      cloudFrontUrl: 'https://media.school.example.com',
      publicUrl: 'https://api.school.example.com',
      appOrigins: [SITE],
      keyPairId: 'K2JCJMDEHXQW5F',
      privateKey,
    },
  });
  const root = { module: class Root {}, imports: [grants], controllers: [PreviewsController] };
  app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), { logger: false });
  app.enableCors({ origin: [SITE], credentials: true });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(() => app.close());

const ask = (body: object | string, session = 'sam') =>
  request(app.getHttpServer()).post('/grants').set('X-Session', session).set('Origin', SITE).send(body);

const setCookies = (headers: Readonly<Record<string, unknown>>) =>
  ((headers['set-cookie'] ?? []) as string[]).map((line) => line.split('=')[0]);

describe('GrantsModule on the Fastify adapter', () => {
  test('answers a grant with the cookies, each in a line of its own, and CORS of the host', async () => {
    const { status, body, headers } = await ask({ prefix: 'courses/algebra' });
    expect({ status, body }).toMatchObject({ status: 201, body: { prefix: 'courses/algebra' } });
    expect(setCookies(headers).slice(0, 5)).toEqual([
      'CloudFront-Policy',
      'CloudFront-Signature',
      'CloudFront-Key-Pair-Id',
      'CloudFront-Hash-Algorithm',
      'CloudFront-Expires',
    ]);
    const policy = /^CloudFront-Policy=([^;]*)/.exec(headers['set-cookie']?.[0] ?? '')?.[1] ?? '';
    expect(decodeCloudFront(policy).toString()).toContain(
      '"Resource":"https://media.school.example.com/courses/algebra/*"',
    );
    expect(headers).toMatchObject({
      'access-control-allow-origin': SITE,
      'access-control-allow-credentials': 'true',
      'cache-control': 'no-store',
    });
  });

  test('lists the grants', async () => {
    const { status, body } = await request(app.getHttpServer()).get('/grants').set('X-Session', 'sam');
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { grants: [{ prefix: 'courses/algebra' }] },
    });
  });

  test('clears with DELETE what the browser holds', async () => {
    const granted = await ask({ prefix: 'courses/algebra' });
    const held = (granted.headers['set-cookie'] as unknown as string[])
      .filter((line) => line.startsWith('__Host-'))
      .map((line) => line.split(';')[0]);
    const { status, headers } = await request(app.getHttpServer())
      .delete('/grants')
      .set('Origin', SITE)
      .set('Cookie', held.join('; '));
    expect(status).toBe(204);
    const lines = headers['set-cookie'] as unknown as string[];
    expect(lines.filter((line) => line.startsWith('CloudFront-Policy=;'))).toEqual([
      'CloudFront-Policy=; Domain=school.example.com; Path=/courses/algebra; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  test.each([
    ['not_entitled', 403, { prefix: 'movies' }, 'sam'],
    ['prefix_invalid', 400, { prefix: '/courses' }, 'sam'],
    ['field_unknown', 400, { prefix: 'courses/algebra', days: 3 }, 'sam'],
    ['token_missing', 401, { prefix: 'courses/algebra' }, 'nobody'],
    ['audit_unavailable', 503, { prefix: 'courses/on-a-full-disk' }, 'sam'],
  ])(
    'answers %s as a problem document with CORS, and sets no cookie',
    async (code, status, body, session) => {
      const answer = await ask(body, session);
      expect({ status: answer.status, code: (JSON.parse(answer.text) as { code: string }).code }).toEqual({
        status,
        code,
      });
      expect(answer.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'access-control-allow-origin': SITE,
        'cache-control': 'no-store',
      });
      expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined);
      expect(setCookies(answer.headers)).toEqual([]);
    },
  );

  test('refuses a foreign page: csrf_rejected', async () => {
    const { status, text } = await request(app.getHttpServer())
      .post('/grants')
      .set('X-Session', 'sam')
      .set('Origin', 'https://evil.example')
      .send({ prefix: 'courses/algebra' });
    expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
      status: 403,
      code: 'csrf_rejected',
    });
  });

  test('leaves what the host throws to the host', async () => {
    const { status, body } = await ask({ prefix: 'courses/algebra' }, 'revoked');
    expect({ status, body }).toEqual({
      status: 401,
      body: { statusCode: 401, error: 'Unauthorized', message: 'signed out' },
    });
  });

  test('takes a text that is no JSON object for body_malformed, and malformed JSON is the host’s 400', async () => {
    const text = await ask('["courses"]').set('Content-Type', 'application/json');
    expect({ status: text.status, code: (JSON.parse(text.text) as { code: string }).code }).toEqual({
      status: 400,
      code: 'body_malformed',
    });
    const broken = await ask('{"prefix":').set('Content-Type', 'application/json');
    expect({ status: broken.status, type: broken.headers['content-type'] }).toEqual({
      status: 400,
      type: 'application/json; charset=utf-8',
    });
  });

  test('CloudFrontService writes beside a cookie that the host sets in the same answer', async () => {
    const { status, headers } = await request(app.getHttpServer()).post('/previews');
    expect(status).toBe(201);
    expect(setCookies(headers).slice(0, 3)).toEqual(['session', 'CloudFront-Policy', 'CloudFront-Signature']);
  });

  test('answers a signed URL', async () => {
    const { status, body, headers } = await request(app.getHttpServer())
      .post('/signed-urls')
      .set('X-Session', 'sam')
      .set('Origin', SITE)
      .send({ path: 'courses/algebra/1.mp4' });
    expect({ status, body, cookies: setCookies(headers) }).toMatchObject({
      status: 201,
      body: { resource: 'https://media.school.example.com/courses/algebra/1.mp4' },
      cookies: [],
    });
  });
});
