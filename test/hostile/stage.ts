import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Client } from 'pg';
import { send, type ClientResponse } from '../support/https-client.js';
import {
  bearer,
  keyFile,
  OPERATED_SECRET,
  startOperatedApi,
  type OperatedApi,
} from '../support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { sendRaw, type RawResponse } from '../support/raw-request.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { readMetrics, samplesOf } from '../support/scrape.js';
import { faultsOf, type Promises } from './harmless.js';
import { startTap, type Tap } from './tap.js';
import { connectTo } from '../support/postgres-connections.js';

/** The deployment of the tables. */
export const APP_ORIGIN = 'https://app.example.com';
export const CDN_URL = 'https://cdn.example.com';

/** Rows that an attack must not add; refusals have a table of their own, which may grow. */
export interface Rows {
  readonly grants: number;
  readonly entitlements: number;
  readonly entitlement_changes: number;
}

interface CountedRows extends Rows {
  /** Refusals of callers who are not signed in: counted by the metrics, never written down. */
  readonly nobodys: number;
}

/** The built API as a process of its own on PostgreSQL, with every byte that it answers and logs kept. */
export interface HostileStage {
  readonly api: OperatedApi;
  /** Where attacks go: through the tap. */
  readonly url: string;
  readonly port: number;
  readonly database: Client;
  readonly databaseUrl: string;
  /** A token of the issuer, remembered: it must not stand in a log. */
  bearer(sub: string, groups?: readonly string[]): string;
  /** This text must not stand in a log either. */
  keepSecret(text: string): void;
  call(method: string, path: string, options?: Attack): Promise<ClientResponse>;
  /** `POST /grants` of a signed-in caller; the body goes out as it stands. */
  ask(sub: string, body: string | Buffer, headers?: Attack['headers']): Promise<ClientResponse>;
  /** The bytes as they stand; gives the first answer once the server has closed. */
  raw(bytes: string | Buffer): Promise<RawResponse>;
  /** A port through which the server sees callers of that address of this machine. */
  portFor(address: string): Promise<number>;
  /** The text of its metrics. Each reading begins the longest standstill (U8) anew: nothing else may read them. */
  metrics(): Promise<string>;
  /** Says how many rows the test itself adds by what it is granted; nothing is said = none. */
  adds(rows: Partial<Rows>): void;
}

export interface Attack {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** A deployment that signs its callers in otherwise than by the secret of the tests. */
export interface SignIn {
  /** Settings of the process. */
  readonly changes: Readonly<Record<string, string>>;
  /** The Authorization header of a caller. */
  bearer(sub: string, groups?: readonly string[]): string;
  close(): Promise<void>;
}

const BY_SECRET: SignIn = { changes: {}, bearer, close: () => Promise.resolve() };

/** Who asks after every test whether the service still grants. */
const NEXT_CALLER = 'the-next-caller';
const ENTITLED = 'courses';
/** Attackers have an address of their own where the loopback has more than one. */
const ATTACKER = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1';
/** How many tests pass before metrics and audit log are read: that takes as much work as a test. */
const TESTS_BETWEEN_LOOKS = 20;
/**
 * Longest time, in seconds, that the process may do nothing else (U8). The tables say 0.1; on a busy machine
 * the scheduler alone takes as long, and what is looked for here are inputs that cost seconds.
 */
const LONGEST_STANDSTILL_SECONDS = 1;

/**
 * Attacks on one process. `private/a`, `private/a_b` and `media/v1..2` are user:u1's, as in the tables of
 * hostile inputs. After each test: the process is the same and alive, the next grant succeeds, every answer
 * is harmless (see faultsOf), no secret is in an answer or in the log, and no rows exist that nobody was granted.
 * After every {@link TESTS_BETWEEN_LOOKS} and at the end, of all tests: none is in the metrics or in the audit log, which
 * forget nothing, and the process never stood still.
 */
export function hostileTests(
  title: string,
  tests: (stage: () => HostileStage) => void,
  changes: Readonly<Record<string, string>> = {},
  startSignIn: () => Promise<SignIn> = () => Promise.resolve(BY_SECRET),
): void {
  describe(`attacks ${title}`, () => {
    let stage: OpenStage | undefined;
    const current = (): OpenStage => {
      if (!stage) throw new Error('the stage has not been set');
      return stage;
    };
    beforeAll(async () => {
      stage = await OpenStage.set(changes, await startSignIn());
    });
    let tested = 0;
    const expectUnharmed = (harm: readonly string[]): void => {
      if (harm.length > 0) throw new Error(`expected a service that is unharmed, found:\n${harm.join('\n')}`);
    };
    beforeEach(() => current().begin());
    afterEach(async () => {
      expectUnharmed(await current().harm());
      tested += 1;
      if (tested % TESTS_BETWEEN_LOOKS === 0) expectUnharmed(await current().lastingHarm());
    });
    afterAll(async () => {
      try {
        if (stage) expectUnharmed(await stage.lastingHarm());
      } finally {
        await stage?.clear();
      }
    });
    tests(current);
  });
}

class OpenStage implements HostileStage {
  #secrets: string[] = [];
  /** Those of all tests so far. */
  readonly #allSecrets = new Set<string>();
  #longestStandstillSeconds = 0;
  #before: CountedRows = { grants: 0, entitlements: 0, entitlement_changes: 0, nobodys: 0 };
  #added: Partial<Rows> = {};
  readonly #taps: Tap[] = [];
  #logRead = 0;
  readonly #beganEpochSeconds = Math.floor(Date.now() / 1000);

  private constructor(
    readonly api: OperatedApi,
    readonly database: Client,
    private readonly tap: Tap,
    private readonly testDatabase: TestDatabase,
    private readonly promises: Promises,
    private readonly lastingSecrets: readonly string[],
    private readonly signIn: SignIn,
  ) {}

  static async set(changes: Readonly<Record<string, string>>, signIn: SignIn): Promise<OpenStage> {
    const folder = temporaryFolder('hostile');
    const ownKey = changes['CLOUDFRONT_PRIVATE_KEY_FILE'] ?? keyFile(folder);
    const key = readFileSync(ownKey, 'utf8');
    const testDatabase = await createTestDatabase();
    const api = await startOperatedApi({
      folder,
      databaseUrl: testDatabase.url,
      changes: {
        LOG_LEVEL: 'trace',
        DRAIN_SECONDS: '0',
        PUBLIC_URL: 'https://api.example.com',
        APP_ORIGINS: APP_ORIGIN,
        CLOUDFRONT_DOMAIN: CDN_URL,
        CLOUDFRONT_PRIVATE_KEY_FILE: ownKey,
        ...signIn.changes,
        ...changes,
      },
    });
    const database = await connectTo(testDatabase.url);
    for (const [subject, prefix] of [
      ['everyone', ENTITLED],
      ['user:u1', 'private/a'],
      ['user:u1', 'private/a_b'],
      ['user:u1', 'media/v1..2'],
    ]) {
      const headers = {
        Authorization: signIn.bearer('root', ['admins']),
        'Content-Type': 'application/json',
      };
      const body = JSON.stringify({ subject, prefix });
      await send(`${api.url}/admin/entitlements`, { method: 'PUT', headers, body });
    }
    const tap = await startTap(api.port, ATTACKER);
    const keyLines = key.split('\n').filter((line) => line !== '' && !line.includes('-'));
    const password = decodeURIComponent(new URL(testDatabase.url).password);
    const promises: Promises = {
      appOrigins: [APP_ORIGIN],
      cloudFrontUrl: CDN_URL,
      publicKey: createPublicKey(key.slice(key.indexOf('-----'))),
      longestLifetimeSeconds: 3600,
    };
    const secrets = [OPERATED_SECRET, password, ...keyLines];
    return new OpenStage(api, database, tap, testDatabase, promises, secrets, signIn);
  }

  get port(): number {
    return this.tap.port;
  }

  get databaseUrl(): string {
    return this.testDatabase.url;
  }

  get url(): string {
    return `http://127.0.0.1:${this.tap.port}`;
  }

  bearer(sub: string, groups: readonly string[] = []): string {
    const header = this.signIn.bearer(sub, groups);
    this.keepSecret(header.replace('Bearer ', ''));
    return header;
  }

  keepSecret(text: string): void {
    this.#secrets.push(text);
  }

  call(method: string, path: string, { headers = {}, body }: Attack = {}): Promise<ClientResponse> {
    return send(`${this.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  }

  ask(sub: string, body: string | Buffer, headers: Attack['headers'] = {}): Promise<ClientResponse> {
    const own = { Authorization: this.bearer(sub), 'Content-Type': 'application/json' };
    return this.call('POST', '/grants', { headers: { ...own, ...headers }, body });
  }

  raw(bytes: string | Buffer): Promise<RawResponse> {
    return sendRaw({ port: this.port, bytes });
  }

  async portFor(address: string): Promise<number> {
    const tap = await startTap(this.api.port, address);
    this.#taps.push(tap);
    return tap.port;
  }

  async metrics(): Promise<string> {
    const text = await readMetrics(this.api.metricsPort);
    const standstill = samplesOf(text).get('nodejs_eventloop_lag_max_seconds') ?? Number.NaN;
    this.#longestStandstillSeconds = Math.max(this.#longestStandstillSeconds, standstill);
    return text;
  }

  adds(rows: Partial<Rows>): void {
    this.#added = rows;
  }

  async begin(): Promise<void> {
    this.#secrets = [...this.lastingSecrets];
    this.#added = {};
    this.#before = await this.#rows();
  }

  /** One line for each promise that is broken since the test began. */
  async harm(): Promise<readonly string[]> {
    const { process } = this.api;
    const conversations = [this.tap, ...this.#taps].flatMap((tap) => tap.conversations());
    const faults = conversations.flatMap((conversation) => faultsOf(conversation, this.promises));
    const { status } = await send(`${this.api.url}/grants`, {
      method: 'POST',
      headers: { Authorization: this.signIn.bearer(NEXT_CALLER), 'Content-Type': 'application/json' },
      body: JSON.stringify({ prefix: ENTITLED }),
    });
    if (status !== 201) faults.push(`U9 the next grant is ${status}`);
    if (process.child.exitCode !== null || process.child.signalCode !== null)
      faults.push('U2 the process has ended');
    const rows = await this.#rows();
    for (const table of ['grants', 'entitlements', 'entitlement_changes'] as const) {
      const added = rows[table] - this.#before[table];
      const expected = this.#added[table] ?? 0;
      if (added !== expected) faults.push(`U6 ${added} rows more in ${table}, ${expected} expected`);
    }
    if (rows.nobodys > 0) faults.push('U6 a refusal of nobody has a row');
    const log = `${process.stdout()}${process.stderr()}`;
    const places = {
      'the log': log.slice(this.#logRead),
      'an answer': conversations.map(({ received }) => received).join('\n'),
    };
    this.#logRead = log.length;
    for (const secret of this.#secrets) this.#allSecrets.add(secret);
    return [...faults, ...secretsIn(places, this.#secrets)];
  }

  /** The same for what lasts: one line for each promise that was broken since the first test. */
  async lastingHarm(): Promise<readonly string[]> {
    const places = { 'the metrics': await this.metrics(), 'the audit log': await this.#auditLog() };
    const standstill = this.#longestStandstillSeconds;
    const faults = standstill <= LONGEST_STANDSTILL_SECONDS ? [] : [`U8 nothing else for ${standstill} s`];
    return [...faults, ...secretsIn(places, [...this.#allSecrets])];
  }

  async clear(): Promise<void> {
    await Promise.all([this.tap, ...this.#taps].map((tap) => tap.close()));
    await this.database.end();
    const ended = await this.api.process.stop();
    await this.testDatabase.drop();
    await this.signIn.close();
    if (ended.code !== 0)
      throw new Error(`expected a service that stops with 0, found ${ended.signal ?? ended.code}`);
  }

  /** Everything that was written about callers since the service began. */
  async #auditLog(): Promise<string> {
    const { rows } = await this.database.query<{ row: string }>(
      `select grants::text as row from grants where issued_at >= $1
       union all select refusals::text from refusals where refused_at >= $1
       union all select entitlement_changes::text from entitlement_changes where changed_at >= $1`,
      [this.#beganEpochSeconds],
    );
    return rows.map(({ row }) => row).join('\n');
  }

  async #rows(): Promise<CountedRows> {
    const { rows } = await this.database.query<Record<keyof CountedRows, string>>(
      `select (select count(*) from grants where viewer_id <> $1) as grants,
              (select count(*) from entitlements) as entitlements,
              (select count(*) from entitlement_changes) as entitlement_changes,
              (select count(*) from refusals where viewer_id is null) as nobodys`,
      [NEXT_CALLER],
    );
    const row = rows[0];
    return {
      grants: Number(row?.grants),
      entitlements: Number(row?.entitlements),
      entitlement_changes: Number(row?.entitlement_changes),
      nobodys: Number(row?.nobodys),
    };
  }
}

/** A line for each secret that stands somewhere. */
function secretsIn(places: Readonly<Record<string, string>>, secrets: readonly string[]): readonly string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    secrets
      .filter((secret) => text.includes(secret))
      .map((secret) => `U7 ${place} has ${secret.slice(0, 12)}…`),
  );
}
