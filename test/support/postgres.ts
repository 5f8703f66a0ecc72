import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { keepUrl } from './canaries/canaries.js';
import type { PostgresMessage } from './postgres-process.js';
import { connectTo } from './postgres-connections.js';

export interface TestDatabase {
  /** `postgres://…` with user and password, for DATABASE_URL. */
  readonly url: string;
  /** Removes the database, connected clients included. */
  drop(): Promise<void>;
}

/**
 * Gives a new empty database on a real PostgreSQL that the test run started itself (one server a run, on
 * the first call: about a second). Rejects when it cannot start; wrap the suite in
 * `describeWith('postgresql', …)` for platforms that have no binary package.
 * @param options of CREATE DATABASE
 */
export async function createTestDatabase(options = 'STRATEGY FILE_COPY'): Promise<TestDatabase> {
  const { url: administration } = await testServer();
  keepUrl('the database of the tests', administration);
  const name = `test_${randomBytes(6).toString('hex')}`;
  await run(administration, `CREATE DATABASE ${name} ${options}`);
  const url = new URL(administration);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(administration, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** The server itself, for tests of an outage: administration address and process id of the postmaster. */
export async function testServer(): Promise<{ url: string; pid: number }> {
  const socketPath = process.env['EDGEPASS_TEST_POSTGRES'];
  if (socketPath === undefined) throw new Error('expected to run under jest with its globalSetup');
  const answer = await ask(socketPath);
  if (answer.type === 'failed') throw new Error(`the tests' PostgreSQL did not start: ${answer.reason}`);
  return { url: answer.url, pid: answer.pid };
}

function ask(socketPath: string): Promise<PostgresMessage> {
  return new Promise((resolve, reject) => {
    let text = '';
    connect(socketPath)
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .once('error', reject)
      .once('end', () => resolve(JSON.parse(text) as PostgresMessage));
  });
}

async function run(url: string, statement: string): Promise<void> {
  const client = await connectTo(url);
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
