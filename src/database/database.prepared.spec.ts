import { describe, expect, it, jest } from '@jest/globals';
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely';
import { PreparedQuery } from './database.js';

interface Asked {
  readonly owner: string;
  readonly names: readonly string[];
  readonly sinceEpochSeconds: number | null;
}

const queries = new Kysely<{ files: { owner: string; name: string; made_at: number | null } }>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

const build = (asked: Asked) =>
  queries
    .selectFrom('files')
    .select(['name', sql<string>`${asked.owner} || '!'`.as('loud')])
    .where('name', 'in', asked.names)
    .where('made_at', '>=', asked.sinceEpochSeconds)
    .where('owner', '=', asked.owner)
    .limit(3);

const ofAnn: Asked = { owner: 'ann', names: ['a', 'b'], sinceEpochSeconds: 5 };
const ofBob: Asked = { owner: 'bob', names: ['c', 'd'], sinceEpochSeconds: null };
const longer: Asked = { owner: 'ann', names: ['a', 'b', 'c'], sinceEpochSeconds: 5 };

describe('a prepared query', () => {
  it.each([ofAnn, ofBob, longer])(
    'says what the query built with the values themselves says (%#)',
    (asked) => {
      const prepared = new PreparedQuery(build);
      prepared.with(ofAnn);

      const { sql: text, parameters } = prepared.with(asked);

      const built = build(asked).compile();
      expect(text).toBe(built.sql);
      expect(parameters).toEqual(built.parameters);
    },
  );

  it('is built once for the same list lengths, and again for others', () => {
    const counted = jest.fn(build);
    const prepared = new PreparedQuery(counted);

    for (const asked of [ofAnn, ofBob, ofAnn, longer, longer]) prepared.with(asked);

    expect(counted).toHaveBeenCalledTimes(2);
  });

  it('builds no text from a value, however it is spelled', () => {
    const prepared = new PreparedQuery(build);

    const query = prepared.with({ ...ofAnn, owner: "'; drop table files; --" });

    expect(query.sql).toBe(build(ofAnn).compile().sql);
  });
});
