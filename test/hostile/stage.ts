import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { send, type ClientResponse } from '../support/https-client.js';
import {
  askForGrant,
  bearer,
  entitleEveryone,
  keyFile,
  OPERATED_SECRET,
  startOperatedApi,
  type OperatedApi,
} from '../support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { sendRaw, type RawResponse } from '../support/raw-request.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { faultsOf } from './harmless.js';
import { startTap, type Tap } from './tap.js';

/** Rows that an attack must not add; refusals have a table of their own, which may grow. */
export interface Rows {
  readonly grants: number;
  readonly entitlements: number;
  readonly entitlement_changes: number;
}

/** The built API as a process of its own on PostgreSQL, with every byte that it answers and logs kept. */
export interface HostileStage {
  readonly api: OperatedApi;
  /** Where attacks go: through the tap. */
  readonly url: string;
  readonly port: number;
  readonly database: Client;
  /** A token of the issuer, remembered: it must not stand in a log. */
  bearer(sub: string, groups?: readonly string[]): string;
  /** This text must not stand in a log either. */
  keepSecret(text: string): void;
  call(method: string, path: string, options?: Attack): Promise<ClientResponse>;
  /** The bytes as they stand; gives the first answer once the server has closed. */
  raw(bytes: string | Buffer): Promise<RawResponse>;
  /** Says how many rows the test itself adds by what it is granted; nothing is said = none. */
  adds(rows: Partial<Rows>): void;
}

export interface Attack {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** Who asks after every test whether the service still grants. */
const NEXT_CALLER = 'the-next-caller';
const ENTITLED = 'courses';

/**
 * Attacks on one process. `private/a`, `private/a_b` and `media/v1..2` are user:u1's, as in the tables of
 * hostile inputs. After each test: the process is the same and alive, the next grant succeeds, every answer
 * is harmless (see faultsOf), the log holds no secret, and no rows exist that nobody was granted.
 */
export function hostileStory(
  title: string,
  story: (stage: () => HostileStage) => void,
  changes: Readonly<Record<string, string>> = {},
): void {
  describe(`attacks ${title}`, () => {
    let stage: OpenStage | undefined;
    const current = (): OpenStage => {
      if (!stage) throw new Error('the stage has not been set');
      return stage;
    };
    beforeAll(async () => {
      stage = await OpenStage.set(changes);
    });
    afterAll(() => stage?.clear());
    beforeEach(() => current().begin());
    afterEach(async () => {
      const harm = await current().harm();
      if (harm.length > 0) throw new Error(`expected a service that is unharmed, found:\n${harm.join('\n')}`);
    });
    story(current);
  });
}

class OpenStage implements HostileStage {
  #secrets: string[] = [];
  #before: Rows = { grants: 0, entitlements: 0, entitlement_changes: 0 };
  #added: Partial<Rows> = {};
  #logRead = 0;

  private constructor(
    readonly api: OperatedApi,
    readonly database: Client,
    private readonly tap: Tap,
    private readonly testDatabase: TestDatabase,
    private readonly lastingSecrets: readonly string[],
  ) {}

  static async set(changes: Readonly<Record<string, string>>): Promise<OpenStage> {
    const folder = temporaryFolder('hostile');
    const key = readFileSync(keyFile(folder), 'utf8');
    const testDatabase = await createTestDatabase();
    const api = await startOperatedApi({
      folder,
      databaseUrl: testDatabase.url,
      changes: { LOG_LEVEL: 'trace', CLOUDFRONT_PRIVATE_KEY_FILE: join(folder, 'key.pem'), ...changes },
    });
    const database = new Client({ connectionString: testDatabase.url });
    await database.connect();
    await entitleEveryone(api.url, ENTITLED);
    for (const prefix of ['private/a', 'private/a_b', 'media/v1..2']) {
      const body = JSON.stringify({ subject: 'user:u1', prefix });
      await send(`${api.url}/admin/entitlements`, { ...asAdmin(), method: 'PUT', body });
    }
    const tap = await startTap(api.port);
    const keyLines = key.split('\n').filter((line) => line !== '' && !line.includes('-'));
    const password = decodeURIComponent(new URL(testDatabase.url).password);
    return new OpenStage(api, database, tap, testDatabase, [OPERATED_SECRET, password, ...keyLines]);
  }

  get port(): number {
    return this.tap.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.tap.port}`;
  }

  bearer(sub: string, groups: readonly string[] = []): string {
    const header = bearer(sub, groups);
    this.keepSecret(header.replace('Bearer ', ''));
    return header;
  }

  keepSecret(text: string): void {
    this.#secrets.push(text);
  }

  call(method: string, path: string, { headers = {}, body }: Attack = {}): Promise<ClientResponse> {
    return send(`${this.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  }

  raw(bytes: string | Buffer): Promise<RawResponse> {
    return sendRaw({ port: this.port, bytes });
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
    const faults = this.tap.answers().flatMap((received) => faultsOf(received));
    const { status } = await askForGrant(this.api.url, NEXT_CALLER, ENTITLED);
    if (status !== 201) faults.push(`U9 the next grant is ${status}`);
    if (this.api.process.child.exitCode !== null) faults.push('U2 the process has ended');
    const rows = await this.#rows();
    for (const table of ['grants', 'entitlements', 'entitlement_changes'] as const) {
      const added = rows[table] - this.#before[table];
      const told = this.#added[table] ?? 0;
      if (added !== told) faults.push(`U6 ${added} rows more in ${table}, ${told} expected`);
    }
    const log = `${this.api.process.stdout()}${this.api.process.stderr()}`.slice(this.#logRead);
    this.#logRead += log.length;
    const told = this.#secrets.filter((secret) => log.includes(secret));
    return [...faults, ...told.map((secret) => `U7 the log has ${secret}`)];
  }

  async clear(): Promise<void> {
    await this.tap.close();
    await this.database.end();
    await this.api.process.stop();
    await this.testDatabase.drop();
  }

  async #rows(): Promise<Rows> {
    const { rows } = await this.database.query<Record<keyof Rows, string>>(
      `select (select count(*) from grants where viewer_id <> $1) as grants,
              (select count(*) from entitlements) as entitlements,
              (select count(*) from entitlement_changes) as entitlement_changes`,
      [NEXT_CALLER],
    );
    const row = rows[0];
    return {
      grants: Number(row?.grants),
      entitlements: Number(row?.entitlements),
      entitlement_changes: Number(row?.entitlement_changes),
    };
  }
}

function asAdmin() {
  return {
    headers: { Authorization: bearer('root', ['admins']), 'Content-Type': 'application/json' },
  };
}
