import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe } from '@jest/globals';
import request from 'supertest';
import type { Clock } from '../../src/operation/clock.js';
import { Database } from '../../src/database/database.js';
import { EntitlementService } from '../../src/entitlements/entitlement.service.js';
import { JsonLogger } from '../../src/operation/json-logger.service.js';
import { Secret } from '../../src/settings/secret.js';
import type { Settings } from '../../src/settings/settings.js';
import { createApi, type ApiOptions } from '../../src/operation/create-api.js';
import { loadDeployment } from '../../src/operation/deployment.js';
import { expectNoSecret, keepDataFolder, keepKey, keepSecret, keepUrl } from './canaries/canaries.js';
import { filesIn, rowsIn } from './canaries/stored.js';
import { watchAnswers } from './canaries/watch-answers.js';
import type { Operation } from './open-api.js';
import { createMigratedDatabase } from './migrated-database.js';
import { AUDIENCE, claims, compactJws, hs256, ISSUER, NOW_EPOCH_SECONDS } from './token-issuer.js';
import { documentedFor, watchCodes } from './watch-codes.js';
import { IS_WHOLE } from './whole.js';

export { NOW_EPOCH_SECONDS } from './token-issuer.js';

/** The two databases that must keep the same promises. */
export const DATABASES = ['sqlite', 'postgres'] as const;
export type DatabaseName = (typeof DATABASES)[number];

const AUTH_SECRET = 'of the tests: 5f0c1d7be2a94836, thirty-two bytes or more';

/** The key of every API that a test starts: made once in a run, because RSA keys take their time. */
export const TEST_KEY = readTestKey();
export const TEST_KEY_PAIR_ID = 'K2JCJMDEHXQW5F';
export const APP_ORIGIN = 'https://app.example.com';

/** How the callers of the tests sign in: a bearer token, or the cookie `session`. */
export const TEST_AUTHENTICATION: Extract<Settings['authentication'], { mode: 'jwt' }> = {
  mode: 'jwt',
  keys: { kind: 'secret', secret: new Secret(AUTH_SECRET) },
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['HS256'],
  cookie: 'session',
  viewerClaim: 'sub',
  groupsClaim: 'groups',
  adminGroup: 'admins',
};

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #now = NOW_EPOCH_SECONDS;

  nowEpochSeconds(): number {
    return this.#now;
  }

  forward(seconds: number): void {
    this.#now += seconds;
  }

  set(epochSeconds: number): void {
    this.#now = epochSeconds;
  }
}

/** A right as a test gives it. */
export interface GivenRight {
  readonly subject: string;
  readonly prefix: string;
  readonly startsAt?: number;
  readonly endsAt?: number;
}

/** An API under test, behind supertest. */
export class TestApi {
  constructor(
    readonly app: NestExpressApplication,
    readonly clock: TestClock,
    readonly log: readonly string[],
    private readonly closeDatabase: () => Promise<void>,
    documented: readonly Operation[],
  ) {
    watchAnswers(app.getHttpServer(), (line) => this.#answeredSecrets.push(line));
    watchCodes(app.getHttpServer(), documented, (line) => this.#undocumented.add(line));
  }

  /** Secrets in answers, one line each. */
  readonly #answeredSecrets: string[] = [];
  /** Codes of answers that docs/openapi.json does not name for that route and status, one line each. */
  readonly #undocumented = new Set<string>();

  get http() {
    return request(this.app.getHttpServer());
  }

  get database(): Database {
    return this.app.get(Database, { strict: false });
  }

  /** An access token as the identity provider of the tests would give it, valid for five minutes. */
  token(sub = 'u1', more: Readonly<Record<string, unknown>> = {}): string {
    const exp = this.clock.nowEpochSeconds() + 300;
    return compactJws({ alg: 'HS256', typ: 'JWT' }, claims({ sub, exp, ...more }), hs256(AUTH_SECRET));
  }

  bearer(sub?: string, more?: Readonly<Record<string, unknown>>): string {
    return `Bearer ${this.token(sub, more)}`;
  }

  /** Gives rights directly, without the admin routes. */
  async give(...rights: readonly GivenRight[]): Promise<void> {
    const service = this.app.get(EntitlementService, { strict: false });
    for (const { subject, prefix, startsAt, endsAt } of rights) {
      await service.put(
        { subject, prefix, startsAtEpochSeconds: startsAt ?? null, endsAtEpochSeconds: endsAt ?? null },
        { id: 'test', groups: [] },
      );
    }
  }

  /** `POST /grants` with the Authorization header, and with the cookies of a browser if given. */
  ask(prefix: unknown, options: { sub?: string; ttlSeconds?: unknown; cookie?: string } = {}) {
    const { sub = 'u1', ttlSeconds, cookie } = options;
    const call = this.http.post('/grants').set('Authorization', this.bearer(sub));
    if (cookie !== undefined) call.set('Cookie', cookie);
    return call.send({ prefix, ...(ttlSeconds === undefined ? {} : { ttlSeconds }) });
  }

  async countOf(table: 'grants' | 'entitlements' | 'entitlement_changes'): Promise<number> {
    const { count } = await this.database.queries
      .selectFrom(table)
      .select((select) => select.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /**
   * Throws when a secret of these tests stood in an answer, in the log, or in what was stored, and when an answer had a
   * code that docs/openapi.json does not name there.
   */
  async close(): Promise<void> {
    await this.app.close();
    await this.closeDatabase();
    expectNoSecret('the log', this.log.join('\n'));
    if (this.#answeredSecrets.length > 0) {
      throw new Error(`expected no secret in an answer, found:\n${this.#answeredSecrets.join('\n')}`);
    }
    if (this.#undocumented.size > 0) {
      const lines = [...this.#undocumented].join('\n');
      throw new Error(`expected docs/openapi.json to name each code that is answered; ${lines}`);
    }
  }
}

/**
 * Settings of a deployment on three hosts below example.com, changed where a test says so.
 * @param options `signsOnThreads`: as a service does. Else on the calling thread: to start a thread takes as much work as
 *   the rest of the API, and the signatures are the same
 */
export async function startTestApi(
  database: DatabaseName,
  changes: Partial<Settings> = {},
  {
    signsOnThreads = false,
    ...options
  }: Pick<ApiOptions, 'admissionLimits'> & { readonly signsOnThreads?: boolean } = {},
): Promise<TestApi> {
  const clock = new TestClock();
  const log: string[] = [];
  // Removed by close, which searches it before; the folders of a spec file go too early for that.
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-test-api-'));
  const postgres = database === 'postgres' ? await createMigratedDatabase() : null;
  const settings: Settings = {
    environment: 'test',
    listen: { host: '127.0.0.1', port: 0 },
    ownHostOnly: false,
    publicUrl: { origin: 'https://api.example.com', basePath: '' },
    appOrigins: [APP_ORIGIN],
    trustedProxies: [],
    tls: null,
    cloudFront: {
      url: 'https://cdn.example.com',
      keyPairId: TEST_KEY_PAIR_ID,
      privateKey: { kind: 'text', text: testKeyText() },
      hashAlgorithm: 'SHA1',
    },
    cookies: { domain: null, sameSite: null, secure: null, partitioned: null, path: 'prefix' },
    grants: { ttlSeconds: 900, maxTtlSeconds: 3600 },
    authentication: TEST_AUTHENTICATION,
    database: postgres
      ? { kind: 'postgres', url: new Secret(postgres.url) }
      : { kind: 'sqlite', path: join(folder, 'edgepass.sqlite') },
    dataDir: folder,
    metricsPort: null,
    limits: { requestsPerAddress: 0, grantsPerViewer: 0 },
    drainSeconds: 0,
    apiDocs: true,
    logLevel: 'trace',
    ...changes,
  };
  keepSecretsOf(settings);
  const logger = new JsonLogger(settings.logLevel, { write: (line) => log.push(line) });
  const deployment = await loadDeployment(settings);
  const cloudFront = { ...deployment.cloudFront, ...(signsOnThreads ? {} : { signingThreads: 0 }) };
  const app = await createApi(settings, {
    clock,
    logger,
    deployment: { ...deployment, cloudFront },
    ...options,
  });
  const close = async (): Promise<void> => {
    try {
      if (postgres !== null) expectNoSecret('the rows', await rowsIn(postgres.url));
      for (const { path, bytes } of filesIn(folder, ['.secret'])) expectNoSecret(path, bytes);
      keepDataFolder(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await postgres?.drop();
    }
  };
  return new TestApi(app, clock, log, close, documentedFor(settings));
}

function keepSecretsOf({ authentication, cloudFront, database }: Settings): void {
  if (authentication.mode === 'jwt' && authentication.keys.kind === 'secret') {
    keepSecret('AUTH_SECRET', authentication.keys.secret.reveal());
  }
  if (cloudFront.privateKey?.kind === 'text') {
    keepKey('CLOUDFRONT_PRIVATE_KEY', cloudFront.privateKey.text.reveal());
  }
  if (database.kind === 'postgres') keepUrl('DATABASE_URL', database.url.reveal());
}

function readTestKey(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const file = process.env['EDGEPASS_TEST_KEY_FILE'];
  if (file === undefined) throw new Error('expected to run under jest with its globalSetup');
  const privateKey = createPrivateKey(readFileSync(file));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }) as string;
}

type TestsOfDatabase = (api: () => TestApi, database: DatabaseName) => void;

/**
 * Tests that run once for each database: `api()` gives the API of that database, started before the first
 * test and stopped after the last. Each test uses callers of its own, so that their order does not matter.
 */
export function onEveryDatabase(
  title: string,
  tests: TestsOfDatabase,
  changes: Partial<Settings> = {},
  databases: readonly DatabaseName[] = DATABASES,
): void {
  for (const database of databases) {
    describe(`${title} (${database})`, () => {
      let api: TestApi | undefined;
      beforeAll(async () => {
        api = await startTestApi(database, changes);
      });
      afterAll(async () => {
        await api?.close();
      });
      tests(() => {
        if (!api) throw new Error('the API has not started');
        return api;
      }, database);
    });
  }
}

/**
 * The same for what is decided before a database is asked, or after it has answered: on SQLite, and under `npm run whole`,
 * which takes every spec file that has this name, on both.
 */
export function onEitherDatabase(
  title: string,
  tests: TestsOfDatabase,
  changes: Partial<Settings> = {},
): void {
  onEveryDatabase(title, tests, changes, IS_WHOLE ? DATABASES : ['sqlite']);
}

/** The test key as the settings hold it. */
export function testKeyText(): Secret {
  return new Secret(pemOf(TEST_KEY.privateKey));
}
