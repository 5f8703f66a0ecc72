import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { Kysely, PostgresDialect, type Dialect } from 'kysely';
import { readPrefix, type Prefix } from '../../src/cloudfront/prefix.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open-database.js';
import type { DialectName } from '../../src/database/dialect-fragments.js';
import type { Tables } from '../../src/database/schema.js';
import { onThisThread } from '../../src/database/sqlite/group-commit.js';
import { GroupCommitDialect } from '../../src/database/sqlite/sqlite-dialect.js';
import { Statements } from '../../src/database/sqlite/statements.worker.js';
import { EntitlementRepository } from '../../src/entitlements/entitlement.repository.js';
import { DatabaseGrantLedger } from '../../src/grants/database-grant-ledger.js';
import { callerOf } from '../../src/authentication/viewer.js';
import { Secret } from '../../src/settings/secret.js';
import { createTestDatabase } from '../support/postgres.js';
import { poolOn } from '../support/postgres-connections.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { migrateToVersionBefore } from '../support/version-before.js';

const NOW = 1_795_158_000;

/** What version 0.1.0 left: its schema, and rows of prefixes that were ASCII only. */
async function makeVersionBefore(dialect: Dialect, name: DialectName): Promise<void> {
  const queries = new Kysely<Tables>({ dialect });
  await migrateToVersionBefore(queries, name);
  const given = { starts_at: null, ends_at: null, given_by: 'root', given_at: NOW - 600 };
  await queries
    .insertInto('entitlements')
    .values([
      { id: 'e1', subject: 'user:u1', prefix: 'courses/algebra', ...given },
      { id: 'e2', subject: 'everyone', prefix: 'users/{user}', ...given },
      { id: 'e3', subject: 'user:u1', prefix: 'a:b@c=d/v1..2', ...given },
    ])
    .execute();
  await queries
    .insertInto('grants')
    .values({
      id: 'g1',
      viewer_id: 'u1',
      prefix: 'courses/algebra',
      resource: 'https://cdn.example.com/courses/algebra/*',
      key_pair_id: 'K1',
      entitlement_id: 'e1',
      issued_at: NOW - 60,
      expires_at: NOW + 840,
    })
    .execute();
  await queries.destroy();
}

type About = (database: Database) => Promise<void>;

/** How each kind is made by the version before, and opened by this one. */
const DATABASES: readonly { readonly kind: string; readonly use: (about: About) => Promise<void> }[] = [
  {
    kind: 'SQLite',
    use: async (about) => {
      const path = join(temporaryFolder('version-before'), 'edgepass.sqlite');
      await makeVersionBefore(
        new GroupCommitDialect(onThisThread(new Statements(new Sqlite(path)))),
        'sqlite',
      );
      const database = await openDatabase({ kind: 'sqlite', path }, () => undefined);
      try {
        await about(database);
      } finally {
        await database.close();
      }
    },
  },
  { kind: 'PostgreSQL', use: (about) => onPostgres('STRATEGY FILE_COPY', about) },
  {
    kind: 'PostgreSQL with a collation for which é and e are equal in sorting',
    use: (about) =>
      onPostgres(
        "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'und-u-ks-level1'",
        about,
      ),
  },
];

async function onPostgres(options: string, about: About): Promise<void> {
  const server = await createTestDatabase(options);
  await makeVersionBefore(new PostgresDialect({ pool: poolOn(server.url) }), 'postgres');
  const database = await openDatabase({ kind: 'postgres', url: new Secret(server.url) }, () => undefined);
  try {
    await about(database);
  } finally {
    await database.close();
    await server.drop();
  }
}

describe.each(DATABASES)('a database of the version before, on $kind,', ({ use }) => {
  test('keeps what its rows mean', async () => {
    await use(async (database) => {
      const { entitled, unexpired } = on(database);
      expect(await entitled('u1', 'courses/algebra/lesson-1')).toBe('e1');
      expect(await entitled('u1', 'users/u1')).toBe('e2');
      expect(await entitled('u1', 'a:b@c=d/v1..2')).toBe('e3');
      expect(await entitled('u2', 'courses/algebra')).toBeNull();
      expect(await unexpired('u1')).toContainEqual({ id: 'g1', prefix: 'courses/algebra' });
    });
  });

  test('takes names of every script, and compares them byte for byte', async () => {
    await use(async (database) => {
      const { entitled, give } = on(database);
      const [composed, decomposed] = ['NFC', 'NFD'].map((form) => "courses/L'été".normalize(form)) as [
        string,
        string,
      ];
      expect(await give('user:u3', composed)).toBe('created');
      expect(await give('user:u3', decomposed)).toBe('created');
      expect(await give('user:u3', composed)).toBe('changed');
      expect(await give('user:u4', composed)).toBe('created');
      expect(await entitled('u4', `${composed}/1`)).not.toBeNull();
      for (const asked of [decomposed, "courses/l'été", "courses/L'ete", composed.toUpperCase()]) {
        expect(await entitled('u4', asked)).toBeNull();
      }
      expect(await give('user:u5', 'courses/선형 대수')).toBe('created');
      expect(await entitled('u5', 'courses/선형 대수/1강')).not.toBeNull();
      expect(await entitled('홍길동', 'users/홍길동/사진')).toBe('e2');
      expect(await entitled('홍길동'.normalize('NFD'), 'users/홍길동')).toBeNull();
    });
  });
});

test('a PostgreSQL database of another encoding stops the start, with what to do', async () => {
  const server = await createTestDatabase("TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  const opening = openDatabase({ kind: 'postgres', url: new Secret(server.url) }, () => undefined);
  await expect(opening).rejects.toThrow(
    "DATABASE_URL: expected a database with the encoding UTF8; found LATIN1; make a new one (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0) and copy the rows with pg_dump",
  );
  await server.drop();
});

/** What this version does on a database. */
function on(database: Database) {
  const entitlements = new EntitlementRepository(database);
  const ledger = new DatabaseGrantLedger(database, entitlements, 0);
  return {
    /** The entitlement under which a viewer's grant was recorded, or null. */
    entitled: async (viewerId: string, asked: string): Promise<string | null> => {
      const record = await ledger.permitAndRecord({
        id: randomUUID(),
        caller: callerOf({ id: viewerId, groups: [] }),
        prefix: prefixOf(asked),
        resource: 'https://cdn.example.com/*',
        issuedAs: 'cookies',
        keyPairId: 'K1',
        issuedAtEpochSeconds: NOW,
        expiresAtEpochSeconds: NOW + 900,
      });
      if (record === null) return null;
      const row = await database.queries
        .selectFrom('grants')
        .select('entitlement_id')
        .where('id', '=', record.id)
        .executeTakeFirstOrThrow();
      return row.entitlement_id;
    },
    give: async (subject: string, prefix: string): Promise<'created' | 'changed'> => {
      const { created } = await entitlements.put({
        id: randomUUID(),
        subject,
        prefix,
        startsAtEpochSeconds: null,
        endsAtEpochSeconds: null,
        changedBy: 'root',
        changedAtEpochSeconds: NOW,
        changeId: randomUUID(),
      });
      return created ? 'created' : 'changed';
    },
    unexpired: async (viewerId: string): Promise<readonly object[]> => {
      const records = await ledger.unexpired(callerOf({ id: viewerId, groups: [] }), NOW);
      return records.map(({ id, prefix }) => ({ id, prefix }));
    },
  };
}

function prefixOf(text: string): Prefix {
  const read = readPrefix(text);
  if ('fault' in read) throw new Error(read.detail);
  return read.prefix;
}
