import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { GroupCommit, onOwnThread, onThisThread, StatementError } from './group-commit.js';
import { GroupCommitDialect } from './sqlite-dialect.js';
import { Statements, type Job, type Outcome } from './statements.worker.js';

type SqliteFile = InstanceType<typeof Sqlite>;

let path: string;
let file: SqliteFile;
let onlooker: SqliteFile;
let executed: string[];
let group: GroupCommit;

beforeEach(() => {
  path = join(temporaryFolder('group-commit'), 'test.sqlite');
  executed = [];
  file = new Sqlite(path, { verbose: (text) => executed.push(String(text)) });
  file.pragma('journal_mode = WAL');
  file.pragma('foreign_keys = on');
  file.exec(`
    create table parents (id integer primary key);
    create table rows (
      id integer primary key,
      parent integer references parents (id) deferrable initially deferred
    )`);
  // A second connection sees what is committed, and nothing else.
  onlooker = new Sqlite(path);
  group = new GroupCommit(onThisThread(new Statements(file)));
  executed.length = 0;
});

afterEach(() => {
  onlooker.close();
  file.close();
});

const insert = (id: number, parent: number | null = null) =>
  group.run('insert into rows values (?, ?)', [id, parent]);
const committedIds = () => onlooker.prepare('select id from rows order by id').pluck().all();
const reasonOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'fulfilled',
    (error: Error & { code?: string }) => error.code,
  );

describe('statements that wait at the same time', () => {
  it('share one transaction', async () => {
    await Promise.all([insert(1), insert(2), insert(3)]);

    expect(executed).toEqual([
      'begin',
      'insert into rows values (1.0, NULL)',
      'insert into rows values (2.0, NULL)',
      'insert into rows values (3.0, NULL)',
      'commit',
    ]);
  });

  it('are committed before any of them is answered', async () => {
    const seen = await Promise.all([1, 2].map((id) => insert(id).then(committedIds)));

    expect(seen).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('fail alone: a refused one leaves nothing and takes no other with it', async () => {
    const answers = await Promise.all([insert(1), insert(1), insert(2)].map(reasonOf));

    expect(answers).toEqual(['fulfilled', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'fulfilled']);
    expect(committedIds()).toEqual([1, 2]);
  });

  it('all fail when their transaction cannot be committed', async () => {
    const answers = await Promise.all([insert(1), insert(2, 99)].map(reasonOf));

    expect(answers).toEqual(['SQLITE_CONSTRAINT_FOREIGNKEY', 'SQLITE_CONSTRAINT_FOREIGNKEY']);
    expect(committedIds()).toEqual([]);
    expect(await reasonOf(insert(3))).toBe('fulfilled');
  });

  it('all fail when SQLite gives up the transaction at one of them', async () => {
    file.exec(
      `create trigger no_sevens before insert on rows when new.id = 7
       begin select raise(rollback, 'everything is undone'); end`,
    );

    const answers = await Promise.all([insert(1), insert(7), insert(2)].map(reasonOf));

    expect(answers).toEqual([
      'SQLITE_CONSTRAINT_TRIGGER',
      'SQLITE_CONSTRAINT_TRIGGER',
      'SQLITE_CONSTRAINT_TRIGGER',
    ]);
    expect(committedIds()).toEqual([]);
  });
});

describe('a statement alone', () => {
  it('needs no transaction around it', async () => {
    await insert(1);

    expect(executed).toEqual(['insert into rows values (1.0, NULL)']);
  });

  it('gives its rows, or how many it changed', async () => {
    await insert(1);

    expect(await group.run('select id from rows', [])).toEqual({ rows: [{ id: 1 }], changes: 0 });
    expect(await group.run('delete from rows', [])).toEqual({ rows: [], changes: 1 });
  });
});

describe('the caller that has acquired the file', () => {
  it('is joined by nobody: what others ask meanwhile is committed after it', async () => {
    await group.acquire();
    await group.runAlone('begin', []);
    const other = insert(2);
    await group.runAlone('insert into rows values (1, null)', []);
    await new Promise(setImmediate);
    expect(committedIds()).toEqual([]);
    await group.release();
    await other;

    expect(committedIds()).toEqual([2]);
  });

  it('lets the next one take it only after handing it back', async () => {
    const order: string[] = [];
    await group.acquire();
    const second = group.acquire().then(() => order.push('second has it'));
    await new Promise(setImmediate);
    order.push('first hands it back');
    await group.release();
    await second;

    expect(order).toEqual(['first hands it back', 'second has it']);
  });
});

describe('closing', () => {
  it('commits what waits', async () => {
    const waiting = insert(1);
    await group.close();
    await waiting;

    expect(committedIds()).toEqual([1]);
  });
});

describe('a disk that does not answer', () => {
  /** A file whose jobs are answered when the test says so, each statement with one changed row. */
  class StuckFile {
    readonly jobs: { readonly job: Job; readonly answer: () => void }[] = [];

    do(job: Job): Promise<readonly Outcome[]> {
      return new Promise((resolve) => {
        const statements = job.kind === 'together' ? job.statements : [null];
        this.jobs.push({ job, answer: () => resolve(statements.map(() => ({ rows: [], changes: 1 }))) });
      });
    }

    get sent(): readonly unknown[] {
      return this.jobs.map(({ job }) =>
        job.kind === 'together' ? job.statements.flatMap(([, values]) => values) : job.kind,
      );
    }
  }

  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  it('refuses who has waited 8 s, sent or not, then everyone at once, until it answers', async () => {
    const stuck = new StuckFile();
    const statements = new GroupCommit(stuck);
    const ask = async (value: number): Promise<string> =>
      statements.run('insert', [value]).then(
        ({ changes }) => `${value}: ${changes} row`,
        (error: Error) => `${value}: ${error.message}`,
      );
    const late = (value: number) => `${value}: the disk of the SQLite file did not answer in time`;

    const first = ask(1);
    await new Promise(setImmediate);
    const second = ask(2);
    jest.advanceTimersByTime(7_999);
    const third = ask(3);
    jest.advanceTimersByTime(1);
    expect(await Promise.all([first, second, ask(4)])).toEqual([late(1), late(2), late(4)]);

    stuck.jobs[0]?.answer();
    await new Promise(setImmediate);
    stuck.jobs[1]?.answer();
    expect(await third).toBe('3: 1 row');
    const fifth = ask(5);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    stuck.jobs[2]?.answer();
    expect(await fifth).toBe('5: 1 row');
    expect(stuck.sent).toEqual([[1], [3], [5]]);
  });

  it('refuses likewise who wants the file for a transaction, and keeps it for nobody who was refused', async () => {
    const stuck = new StuckFile();
    const statements = new GroupCommit(stuck);
    const acquire = async (): Promise<string> =>
      statements.acquire().then(
        () => 'acquired',
        (error: Error) => error.message,
      );
    const late = 'the disk of the SQLite file did not answer in time';

    const sent = statements.run('insert', [1]).catch(() => 'refused');
    await new Promise(setImmediate);
    const first = acquire();
    jest.advanceTimersByTime(8_000);
    expect(await Promise.all([sent, first, acquire()])).toEqual(['refused', late, late]);

    stuck.jobs[0]?.answer();
    await new Promise(setImmediate);
    const second = statements.run('insert', [2]);
    await new Promise(setImmediate);
    stuck.jobs[1]?.answer();
    expect(await second).toEqual({ rows: [], changes: 1 });
    expect(await acquire()).toBe('acquired');
    expect(stuck.sent).toEqual([[1], [2]]);
  });
});

describe('a file on a thread of its own', () => {
  const open = async (): Promise<GroupCommit> => {
    const name = join(temporaryFolder('own-thread'), 'test.sqlite');
    const own = new GroupCommit(await onOwnThread({ path: name, busyMilliseconds: 0 }));
    await own.run('create table rows (id integer primary key, text text)', []);
    return own;
  };

  it('lets the event loop go on while SQLite works', async () => {
    const own = await open();
    const order: string[] = [];
    const slow = own
      .run(
        'with recursive n (i) as (select 1 union all select i + 1 from n where i < 500000) select max(i) m from n',
        [],
      )
      .then(({ rows }) => order.push(`SQLite gave ${JSON.stringify(rows)}`));
    for (let count = 0; count < 3; count += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one iteration of the event loop after the other
      await new Promise(setImmediate);
    }
    order.push('three iterations');
    await slow;
    await own.close();

    expect(order).toEqual(['three iterations', 'SQLite gave [{"m":500000}]']);
  });

  it('gives results and SQLite’s own codes, each to its statement', async () => {
    const own = await open();
    const add = (id: number, text: string) => own.run('insert into rows values (?, ?)', [id, text]);
    const answers = await Promise.allSettled([add(1, 'ä'), add(1, 'b'), own.run('select * from rows', [])]);
    await own.close();

    expect(answers).toEqual([
      { status: 'fulfilled', value: { rows: [], changes: 1 } },
      {
        status: 'rejected',
        reason: new StatementError('UNIQUE constraint failed: rows.id', 'SQLITE_CONSTRAINT_PRIMARYKEY'),
      },
      { status: 'fulfilled', value: { rows: [{ id: 1, text: 'ä' }], changes: 0 } },
    ]);
    expect((answers[1] as PromiseRejectedResult).reason).toHaveProperty(
      'code',
      'SQLITE_CONSTRAINT_PRIMARYKEY',
    );
  });

  it('that cannot be opened says why', async () => {
    const opening = onOwnThread({
      path: join(temporaryFolder('no-such-folder'), 'x', 'y'),
      busyMilliseconds: 0,
    });

    await expect(opening).rejects.toThrow('Cannot open database because the directory does not exist');
  });

  it('answers nothing after it was closed', async () => {
    const own = await open();
    await own.close();

    await expect(own.run('select 1', [])).rejects.toThrow('the thread of the SQLite file has ended');
  });
});

describe('kysely on it', () => {
  const open = () =>
    new Kysely<{ rows: { id: number; parent: number | null } }>({
      dialect: new GroupCommitDialect(onThisThread(new Statements(file))),
    });

  it('commits queries that are made together in one transaction', async () => {
    const queries = open();
    const add = (id: number) => queries.insertInto('rows').values({ id, parent: null }).execute();

    await Promise.all([add(1), add(2)]);

    expect(executed[0]).toBe('begin');
    expect(executed.at(-1)).toBe('commit');
    expect(executed).toHaveLength(4);
  });

  it('keeps a transaction whole: rolled back, it leaves nothing, and a query beside it stays', async () => {
    const queries = open();
    const failing = queries.transaction().execute(async (transaction) => {
      await transaction.insertInto('rows').values({ id: 1, parent: null }).execute();
      throw new Error('changed my mind');
    });
    const beside = queries.insertInto('rows').values({ id: 2, parent: null }).execute();

    await expect(failing).rejects.toThrow('changed my mind');
    await beside;
    expect(committedIds()).toEqual([2]);
  });

  it('says how many rows an update changed', async () => {
    const queries = open();
    await queries.insertInto('rows').values({ id: 1, parent: null }).execute();

    const { numUpdatedRows } = await queries.updateTable('rows').set({ id: 5 }).executeTakeFirstOrThrow();

    expect(numUpdatedRows).toBe(1n);
  });
});
