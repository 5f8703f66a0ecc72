import { generateKeyPairSync } from 'node:crypto';
import { ConflictException, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory, RouterModule } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterEach, describe, expect, test } from '@jest/globals';
import request from 'supertest';
import {
  GrantsModule,
  type GrantRecord,
  type GrantsModuleOptions,
  type MayOpen,
  type Permission,
  type RecordGrant,
} from '../../src/index.js';

const NOW_EPOCH_SECONDS = 1_800_000_000;

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** A host's two providers, each answering what a test says. */
class Rights implements MayOpen {
  answer: Permission | null | undefined = { untilEpochSeconds: null };

  async mayOpen(): Promise<Permission | null> {
    return this.answer as Permission | null;
  }
}

class Records implements RecordGrant {
  readonly all: GrantRecord[] = [];
  failure: Error | null = null;

  async record(grant: GrantRecord): Promise<void> {
    if (this.failure) throw this.failure;
    this.all.push(grant);
  }
}

@Module({ providers: [Rights, Records], exports: [Rights, Records] })
class HostModule {}

const PORTS: GrantsModuleOptions = {
  imports: [HostModule],
  viewer: { guards: [], read: () => ({ id: 'u1', groups: [] }) },
  mayOpen: Rights,
  record: Records,
  clock: { nowEpochSeconds: () => NOW_EPOCH_SECONDS },
  cloudFront: {
    cloudFrontUrl: 'https://media.school.example.com',
    publicUrl: 'https://api.school.example.com',
    appOrigins: ['https://www.school.example.com'],
    keyPairId: 'K2JCJMDEHXQW5F',
    privateKey,
  },
};

let app: NestExpressApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** A host with nothing of its own but the ports, listening nowhere. */
async function mount(changes: Partial<GrantsModuleOptions> = {}, more: readonly DynamicModule[] = []) {
  const root = { module: class Root {}, imports: [GrantsModule.forRoot({ ...PORTS, ...changes }), ...more] };
  app = await NestFactory.create<NestExpressApplication>(root, { logger: false, abortOnError: false });
  await app.init();
  return {
    http: request(app.getHttpServer()),
    rights: app.get(Rights, { strict: false }),
    records: app.get(Records, { strict: false }),
  };
}

const ask = (http: Awaited<ReturnType<typeof mount>>['http'], path = '/grants') =>
  http.post(path).send({ prefix: 'courses/algebra' });

describe('the viewer port', () => {
  test('that reads nobody is answered 401 token_missing', async () => {
    const { http, records } = await mount({ viewer: { guards: [], read: () => null } });
    expect(await ask(http)).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    expect(records.all).toEqual([]);
  });
});

describe('the port mayOpen', () => {
  test.each([
    ['null', null],
    ['undefined', undefined],
    ['a right that ends within ten seconds', { untilEpochSeconds: NOW_EPOCH_SECONDS + 9 }],
    ['a right that has ended', { untilEpochSeconds: NOW_EPOCH_SECONDS - 1 }],
  ])('that answers %s refuses: not_entitled, and nothing is recorded', async (_title, answer) => {
    const { http, rights, records } = await mount();
    rights.answer = answer;
    expect(await ask(http)).toMatchObject({ status: 403, body: { code: 'not_entitled' } });
    expect(records.all).toEqual([]);
  });

  test('that answers a sooner end shortens cookies and record alike', async () => {
    const { http, rights, records } = await mount();
    rights.answer = { untilEpochSeconds: NOW_EPOCH_SECONDS + 60.9 };
    const { status, body, headers } = await ask(http);
    expect({ status, body }).toMatchObject({ status: 201, body: { expiresAt: '2027-01-15T08:01:00Z' } });
    expect(headers['set-cookie']?.[0]).toContain('; Max-Age=60;');
    expect(records.all).toMatchObject([{ viewerId: 'u1', expiresAtEpochSeconds: NOW_EPOCH_SECONDS + 60 }]);
  });

  test.each([
    ['milliseconds', { untilEpochSeconds: NOW_EPOCH_SECONDS * 1000 }],
    ['no number', { untilEpochSeconds: Number.NaN }],
    ['another shape', {} as Permission],
  ])('that answers %s opens nothing', async (_title, answer) => {
    const { http, rights, records } = await mount();
    rights.answer = answer;
    const { status, headers } = await ask(http);
    expect({ status, cookies: headers['set-cookie'], recorded: records.all }).toEqual({
      status: 500,
      cookies: undefined,
      recorded: [],
    });
  });
});

describe('the port record', () => {
  test('that rejects gives audit_unavailable and no cookie, and says nothing of the reason', async () => {
    const { http, records } = await mount();
    records.failure = new Error('password authentication failed for user "audit"');
    const { status, body, headers, text } = await ask(http);
    expect({ status, code: (body as { code: string }).code }).toEqual({
      status: 503,
      code: 'audit_unavailable',
    });
    expect(headers['set-cookie']).toBeUndefined();
    expect(text).not.toContain('password');
  });

  test('that rejects in the host’s own words is answered in them', async () => {
    const { http, records } = await mount();
    records.failure = new ConflictException('the trail is closed for the night');
    const { status, body, headers } = await ask(http);
    expect({ status, body }).toEqual({
      status: 409,
      body: { statusCode: 409, error: 'Conflict', message: 'the trail is closed for the night' },
    });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('without `unexpired` leaves GET /grants as not_found', async () => {
    const { http } = await mount();
    expect(await http.get('/grants')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('mounting', () => {
  test.each([
    ['mayOpen', 'mayOpen(viewer, prefix)', { mayOpen: 'of another kind' }],
    ['record', 'record(grant)', { record: 'of another kind' }],
  ])('a token of another kind as `%s` stops the start', async (port, method, changes) => {
    @Module({
      imports: [HostModule],
      providers: [{ provide: 'of another kind', useValue: {} }],
      exports: [HostModule, 'of another kind'],
    })
    class WrongModule {}
    await expect(mount({ imports: [WrongModule as Type], ...changes })).rejects.toThrow(
      `GrantsModule: expected the provider of the port \`${port}\` to have ${method}`,
    );
  });

  test('without the module of the ports stops the start, naming the provider that is missing', async () => {
    await expect(mount({ imports: [] })).rejects.toThrow(
      "Nest can't resolve dependencies of the Symbol(edgepass.grant-ledger) (?, Records)",
    );
  });

  test.each([
    [{ ttlSeconds: 59 }, 'ttlSeconds 59 and maxTtlSeconds 3600'],
    [{ maxTtlSeconds: 600 }, 'ttlSeconds 900 and maxTtlSeconds 600'],
    [{ ttlSeconds: 90.5 }, 'ttlSeconds 90.5 and maxTtlSeconds 3600'],
  ])('with %j stops the start', async (changes, found) => {
    await expect(mount(changes)).rejects.toThrow(found);
  });

  test('below a path of the host’s RouterModule moves all routes there', async () => {
    const { http } = await mount({}, [RouterModule.register([{ path: 'media', module: GrantsModule }])]);
    expect(await ask(http, '/media/grants')).toMatchObject({ status: 201 });
    expect(await http.delete('/media/grants')).toMatchObject({ status: 204 });
    expect(await ask(http)).toMatchObject({ status: 404, body: { message: 'Cannot POST /grants' } });
  });
});
