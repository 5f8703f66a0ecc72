import { generateKeyPairSync } from 'node:crypto';
import { ConflictException, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory, RouterModule } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import request from 'supertest';
import { callerOf } from '../../src/authentication/viewer.js';
import {
  ancestorsOf,
  CloudFrontService,
  GrantsModule,
  type GrantRecord,
  type GrantsModuleOptions,
  type MayOpen,
  type Permission,
  type Prefix,
  type RecordGrant,
  type Viewer,
  type ViewerPort,
} from '../../src/index.js';
import { decodeCloudFront } from '../support/set-cookie-lines.js';

const NOW_EPOCH_SECONDS = 1_800_000_000;

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** A host's two providers, each answering what a test says. */
class Rights implements MayOpen {
  answer: Permission | null | undefined | Promise<never> = { untilEpochSeconds: null };
  /** Permissions by folder; every folder has `answer` while this is empty. */
  readonly byFolder = new Map<string, Permission>();
  readonly asked: Prefix[] = [];
  /** Runs while the question is open, on the objects that the port was given. */
  meanwhile: (viewer: Viewer) => void = () => undefined;

  async mayOpen(viewer: Viewer, prefix: Prefix): Promise<Permission | null> {
    this.asked.push(prefix);
    this.meanwhile(viewer);
    if (this.byFolder.size === 0) return (await this.answer) as Permission | null;
    const folder = ancestorsOf(prefix).find((ancestor) => this.byFolder.has(ancestor));
    return folder === undefined ? null : (this.byFolder.get(folder) ?? null);
  }
}

class Records implements RecordGrant {
  readonly all: GrantRecord[] = [];
  failure: Error | null = null;
  /** What a host does with the object that it was given. */
  use: (grant: GrantRecord) => void | Promise<never> = () => undefined;

  async record(grant: GrantRecord): Promise<void> {
    if (this.failure) throw this.failure;
    await this.use(grant);
    this.all.push(grant);
  }
}

/** The host's module that exports its ports. */
const HOST: DynamicModule = {
  module: class HostModule {},
  providers: [Rights, Records],
  exports: [Rights, Records],
};

const PORTS: GrantsModuleOptions = {
  imports: [HOST],
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
    // A thread for each of these hosts would be most of the time that they take.
    signingThreads: 0,
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
    cloudFront: app.get(CloudFrontService, { strict: false }),
  };
}

type Answer = Awaited<ReturnType<typeof ask>>;

const ask = (http: Awaited<ReturnType<typeof mount>>['http'], path = '/grants', prefix = 'courses/algebra') =>
  http.post(path).send({ prefix });

/** The text of the policy that an answer sets. */
function policyOf({ 'set-cookie': lines }: Answer['headers']): string {
  const value = /^CloudFront-Policy=([^;]*)/.exec((lines as unknown as string[] | undefined)?.[0] ?? '')?.[1];
  return decodeCloudFront(value ?? '').toString();
}

/** The lines of our own cookies, which say whose grants the browser holds. */
function ownCookiesOf({ headers }: Answer): readonly string[] {
  const lines = headers['set-cookie'] as unknown as readonly string[];
  return lines.filter((line) => line.startsWith('__Host-edgepass'));
}

describe('the viewer port', () => {
  test('that reads nobody is answered 401 token_missing', async () => {
    const { http, records } = await mount({ viewer: { guards: [], read: () => null } });
    expect(await ask(http)).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    expect(records.all).toEqual([]);
  });

  test('may answer with a promise', async () => {
    const read = async () => ({ id: 'u2', groups: [] });
    const { http, records } = await mount({ viewer: { guards: [], read } });
    expect(await ask(http)).toMatchObject({ status: 201 });
    expect(records.all).toMatchObject([{ viewerId: 'u2' }]);
  });

  test('keeps its own `this`, as a class instance too', async () => {
    class Sessions {
      readonly guards = [];
      readonly current = { id: 'u3', groups: [] };
      read() {
        return this.current;
      }
    }
    const { http, records } = await mount({ viewer: new Sessions() });
    expect(await ask(http)).toMatchObject({ status: 201 });
    expect(records.all).toMatchObject([{ viewerId: 'u3' }]);
  });

  test.each([
    ['an empty id', ''],
    ['no id', undefined],
    ['a number as id', 7],
    ['an id with a line break', 'u1\nu2'],
    ['half of a surrogate pair as id', '\ud800'],
    ['an id of 257 bytes', 'é'.repeat(128) + 'x'],
  ])('that gives %s is a mistake of the host: 500, no question, no record, no cookie', async (_title, id) => {
    const read = () => ({ id: id as string, groups: [] });
    const { http, rights, records } = await mount({ viewer: { guards: [], read } });
    let questions = 0;
    rights.meanwhile = () => (questions += 1);
    const { status, headers } = await ask(http);
    expect({ status, cookies: headers['set-cookie'], questions, recorded: records.all }).toEqual({
      status: 500,
      cookies: undefined,
      questions: 0,
      recorded: [],
    });
  });

  test('that gives an empty id says so in the log, without the id', async () => {
    expect(() => callerOf({ id: '', groups: [] })).toThrow(
      'viewer.read(request) must give null or an object whose id is a non-empty string of at most 256 bytes ' +
        'without control characters; its id is empty',
    );
  });

  test('without `read` stops the start', async () => {
    const viewer = { guards: [] } as unknown as ViewerPort;
    await expect(mount({ viewer })).rejects.toThrow(
      'GrantsModule: expected the port `viewer` to have read(request)',
    );
  });

  test('whose object another port changes is recorded and remembered as it was read', async () => {
    const changing = { id: 'u1', groups: [] };
    const { http, rights, records } = await mount({ viewer: { guards: [], read: () => changing } });
    const unchanged = await ask(http);
    rights.meanwhile = (viewer) => Object.assign(viewer, { id: 'somebody-else' });
    const changed = await ask(http);
    expect(records.all).toMatchObject([{ viewerId: 'u1' }, { viewerId: 'u1' }]);
    expect(ownCookiesOf(changed)).toEqual(ownCookiesOf(unchanged));
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

describe('a folder with the name that people give it', () => {
  const COMPOSED = "courses/L'\u00e9t\u00e9";
  const DECOMPOSED = COMPOSED.normalize('NFD');
  const OPEN: Permission = { untilEpochSeconds: null };
  const NOTHING = 'Nothing entitles you to open this prefix now.';

  test('reaches mayOpen, ancestorsOf and record as the name; the policy has the escaped form', async () => {
    const { http, rights, records } = await mount();
    rights.byFolder.set('courses/선형 대수', OPEN);
    const answer = await ask(http, '/grants', 'courses/선형 대수/1강 (초안)');
    const resource =
      'https://media.school.example.com/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98/1%EA%B0%95%20(%EC%B4%88%EC%95%88)/*';
    expect(rights.asked).toEqual(['courses/선형 대수/1강 (초안)']);
    expect(records.all).toMatchObject([{ prefix: 'courses/선형 대수/1강 (초안)', resource }]);
    expect(policyOf(answer.headers)).toContain(`"Resource":"${resource}"`);
  });

  test.each([
    ['NFC', COMPOSED, DECOMPOSED],
    ['NFD', DECOMPOSED, COMPOSED],
  ])(
    'is another one in another Unicode form; the refusal says that only %s is open',
    async (form, open, other) => {
      const { http, rights, records } = await mount();
      rights.byFolder.set(open, OPEN);
      expect(await ask(http, '/grants', `${other}/1`)).toMatchObject({
        status: 403,
        body: {
          code: 'not_entitled',
          detail: `${NOTHING} You may open the folder that is written the same in another Unicode form: send prefix.normalize('${form}').`,
        },
      });
      expect(rights.asked).toEqual([`${other}/1`, `${other}/1`.normalize(form)]);
      expect(records.all).toEqual([]);
    },
  );

  test.each([
    ['has ended', NOW_EPOCH_SECONDS - 1],
    ['ends within ten seconds', NOW_EPOCH_SECONDS + 9],
  ])('is not proposed in the other form where that right %s', async (_title, untilEpochSeconds) => {
    const { http, rights } = await mount();
    rights.byFolder.set(COMPOSED, { untilEpochSeconds });
    expect(await ask(http, '/grants', DECOMPOSED)).toMatchObject({ status: 403, body: { detail: NOTHING } });
  });
});

describe('the port mayOpen, asked about the other form before a refusal', () => {
  test.each([
    ['throws', () => Promise.reject(new Error('no such folder'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('that then %s leaves the refusal as it is', async (_title, answer) => {
    const { http, rights, records } = await mount({ portTimeoutMilliseconds: 50 });
    rights.answer = null;
    rights.meanwhile = () => {
      if (rights.asked.length === 2) rights.answer = answer();
    };
    expect(await ask(http, '/grants', 'caf\u00e9')).toMatchObject({
      status: 403,
      body: { code: 'not_entitled', detail: 'Nothing entitles you to open this prefix now.' },
    });
    expect(rights.asked).toHaveLength(2);
    expect(records.all).toEqual([]);
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

describe('POST /signed-urls inside a host', () => {
  const askUrl = ({ http }: Awaited<ReturnType<typeof mount>>, body: object) =>
    http.post('/signed-urls').send(body);

  test('is not there unless the host says so', async () => {
    expect(await askUrl(await mount(), { path: 'courses/algebra/1.mp4' })).toMatchObject({ status: 404 });
  });

  test('asks mayOpen for the path and records a URL of it, before it is signed', async () => {
    const host = await mount({ signedUrls: true });
    const { status, body } = await askUrl(host, { path: 'courses/algebra/1.mp4', ttlSeconds: 60 });
    expect({ status, asked: host.rights.asked }).toEqual({ status: 201, asked: ['courses/algebra/1.mp4'] });
    expect(host.records.all).toEqual([
      {
        id: (body as { id: string }).id,
        viewerId: 'u1',
        prefix: 'courses/algebra/1.mp4',
        resource: 'https://media.school.example.com/courses/algebra/1.mp4',
        issuedAs: 'url',
        keyPairId: 'K2JCJMDEHXQW5F',
        issuedAtEpochSeconds: NOW_EPOCH_SECONDS,
        expiresAtEpochSeconds: NOW_EPOCH_SECONDS + 60,
      },
    ]);
  });

  test('asks mayOpen for the folder where the URL opens one', async () => {
    const host = await mount({ signedUrls: true });
    await askUrl(host, { path: 'courses/algebra/hls/1.m3u8', prefix: 'courses/algebra/hls' }).expect(201);
    expect(host.rights.asked).toEqual(['courses/algebra/hls']);
    expect(host.records.all).toMatchObject([
      { prefix: 'courses/algebra/hls', resource: 'https://media.school.example.com/courses/algebra/hls/*' },
    ]);
  });

  test('gives no URL where the record rejects', async () => {
    const host = await mount({ signedUrls: true });
    host.records.failure = new Error('the disk is full');
    const { body, text } = await askUrl(host, { path: 'courses/algebra/1.mp4' });
    expect(body).toMatchObject({ status: 503, code: 'audit_unavailable' });
    expect(text).not.toContain('Signature');
  });

  test('ends with the permission', async () => {
    const host = await mount({ signedUrls: true });
    host.rights.answer = { untilEpochSeconds: NOW_EPOCH_SECONDS + 100 };
    const { body } = await askUrl(host, { path: 'courses/algebra/1.mp4' });
    expect((body as { url: string }).url).toContain(`?Expires=${NOW_EPOCH_SECONDS + 100}&`);
  });

  test('passes the guards of the viewer port', async () => {
    const nobody = { canActivate: () => false };
    const host = await mount({ signedUrls: true, viewer: { ...PORTS.viewer, guards: [nobody] } });
    expect(await askUrl(host, { path: 'courses/algebra/1.mp4' })).toMatchObject({ status: 403 });
    expect(host.rights.asked).toEqual([]);
  });
});

describe('a port is given what it cannot change', () => {
  const elsewhere = { prefix: 'other', expiresAtEpochSeconds: 2_700_000_000, viewerId: 'somebody-else' };

  test('`record` gets a frozen copy: writing into it fails, and no cookie leaves', async () => {
    const { http, records } = await mount();
    records.use = (grant) => void Object.assign(grant, elsewhere);
    const { status, body, headers } = await ask(http);
    expect({ status, body, cookies: headers['set-cookie'] }).toMatchObject({
      status: 503,
      body: { code: 'audit_unavailable' },
      cookies: undefined,
    });
  });

  test('the policy is what mayOpen allowed, whatever `record` does with the object it got', async () => {
    const { http, rights, records } = await mount();
    rights.answer = { untilEpochSeconds: NOW_EPOCH_SECONDS + 60 };
    // Reflect.set does not throw where the object is frozen, as code outside of strict mode does not.
    records.use = (grant) => {
      for (const [member, value] of Object.entries(elsewhere)) Reflect.set(grant, member, value);
    };
    const { status, body, headers } = await ask(http);
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { prefix: 'courses/algebra', expiresAt: '2027-01-15T08:01:00Z' },
    });
    expect(policyOf(headers)).toEqual(
      `{"Statement":[{"Resource":"https://media.school.example.com/courses/algebra/*","Condition":{"DateLessThan":{"AWS:EpochTime":${NOW_EPOCH_SECONDS + 60}}}}]}`,
    );
  });

  test('a permission that gives another end at its second reading is read once', async () => {
    const { http, rights, records } = await mount();
    let readings = 0;
    rights.answer = {
      get untilEpochSeconds() {
        readings += 1;
        return readings === 1 ? NOW_EPOCH_SECONDS + 60 : null;
      },
    };
    const { headers } = await ask(http);
    expect(policyOf(headers)).toContain(`"AWS:EpochTime":${NOW_EPOCH_SECONDS + 60}}`);
    expect(records.all).toMatchObject([{ expiresAtEpochSeconds: NOW_EPOCH_SECONDS + 60 }]);
  });
});

describe('a port that never settles', () => {
  const never = new Promise<never>(() => undefined);
  const soon = { portTimeoutMilliseconds: 1 };

  test('as `record` is answered 503 audit_unavailable, without a cookie', async () => {
    const { http, records } = await mount(soon);
    records.use = () => never;
    const { status, body, headers } = await ask(http);
    expect({ status, body, cookies: headers['set-cookie'] }).toMatchObject({
      status: 503,
      body: { code: 'audit_unavailable' },
      cookies: undefined,
    });
    expect(headers['retry-after']).toBe('5');
  });

  test('as `mayOpen` is answered 503 database_unavailable, and nothing is recorded', async () => {
    const { http, rights, records } = await mount(soon);
    rights.answer = never;
    expect(await ask(http)).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    expect(records.all).toEqual([]);
  });

  test('as `viewer.read` is answered 503 database_unavailable', async () => {
    const { http } = await mount({ ...soon, viewer: { guards: [], read: () => never } });
    expect(await ask(http)).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
  });

  test('as `unexpired` is answered 503 database_unavailable', async () => {
    class SlowList extends Records {
      unexpired = () => never;
    }
    const list = { provide: Records, useClass: SlowList };
    const { http } = await mount({ ...soon, imports: [{ ...HOST, providers: [Rights, list] }] });
    expect(await http.get('/grants')).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
  });

  test('releases the signing key that the grant had begun with', async () => {
    const { cloudFront, http, records } = await mount(soon);
    const begin = cloudFront.begin.bind(cloudFront);
    const leases: string[] = [];
    jest.spyOn(cloudFront, 'begin').mockImplementation(() => {
      const signing = begin();
      leases.push('begun');
      return { ...signing, end: () => void leases.push('ended') };
    });
    records.use = () => never;
    await ask(http);
    expect(leases).toEqual(['begun', 'ended']);
  });

  test.each([0, 1.5, Number.NaN, 2_147_483_648])(
    'cannot be waited for %d milliseconds: that stops the start',
    async (portTimeoutMilliseconds) => {
      await expect(mount({ portTimeoutMilliseconds })).rejects.toThrow(
        `expected portTimeoutMilliseconds to be a whole number of milliseconds, 1 to 2147483647, found ${portTimeoutMilliseconds}`,
      );
    },
  );
});

describe('mounting', () => {
  test.each([
    ['mayOpen', 'mayOpen(viewer, prefix)', { mayOpen: 'of another kind' }],
    ['record', 'record(grant)', { record: 'of another kind' }],
  ])('a token of another kind as `%s` stops the start', async (port, method, changes) => {
    @Module({
      imports: [HOST],
      providers: [{ provide: 'of another kind', useValue: {} }],
      exports: [HOST, 'of another kind'],
    })
    class WrongModule {}
    await expect(mount({ imports: [WrongModule as Type], ...changes })).rejects.toThrow(
      `GrantsModule: expected the provider of the port \`${port}\` to have ${method}`,
    );
  });

  test('without the module of the ports stops the start, naming the provider that is missing', async () => {
    await expect(mount({ imports: [] })).rejects.toThrow(
      "Nest can't resolve dependencies of the Symbol(edgepass.grant-ledger) (?, Records, ",
    );
  });

  test.each([
    [{ ttlSeconds: 59 }, 'ttlSeconds 59 and maxTtlSeconds 3600'],
    [{ maxTtlSeconds: 600 }, 'ttlSeconds 900 and maxTtlSeconds 600'],
    [{ ttlSeconds: 90.5 }, 'ttlSeconds 90.5 and maxTtlSeconds 3600'],
  ])('with %j stops the start', async (changes, found) => {
    await expect(mount(changes)).rejects.toThrow(found);
  });

  test('on a Node that is too old stops the start, in one sentence', async () => {
    const versions = Object.getOwnPropertyDescriptor(process, 'versions')!;
    Object.defineProperty(process, 'versions', {
      ...versions,
      value: { ...process.versions, node: '20.20.2' },
    });
    try {
      await expect(mount()).rejects.toThrow(
        new Error('edgepass needs Node 22.12 or newer and this is Node 20.20.2.'),
      );
    } finally {
      Object.defineProperty(process, 'versions', versions);
    }
  });

  test('below a path of the host’s RouterModule moves all routes there', async () => {
    const { http } = await mount({}, [RouterModule.register([{ path: 'media', module: GrantsModule }])]);
    expect(await ask(http, '/media/grants')).toMatchObject({ status: 201 });
    expect(await http.delete('/media/grants')).toMatchObject({ status: 204 });
    expect(await ask(http)).toMatchObject({ status: 404, body: { message: 'Cannot POST /grants' } });
  });
});
