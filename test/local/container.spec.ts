import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_ENTITLEMENTS } from '../../src/entitlements/demo-entitlements.js';
import { connectTo } from '../support/postgres-connections.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import type { RunningProcess } from '../support/processes.js';
import { makePlace, RUNNING, type Place } from './stack.js';

let database: TestDatabase;
let place: Place;
let stack: RunningProcess;

beforeAll(async () => {
  [database, place] = await Promise.all([createTestDatabase(), makePlace()]);
  // As docker-compose.yml has it.
  stack = place.start(['--container'], { HOST: '0.0.0.0', DATABASE_URL: database.url });
  await stack.waitForLine(RUNNING);
}, 30_000);
afterAll(async () => {
  await stack.stop();
  place.remove();
  await database.drop();
});

const lines = (): string[] => stack.stdout().split('\n');

describe('edgepass start --container, on every address', () => {
  it('warns once of what the demo sign-in lets in', () => {
    expect(stack.stderr()).toBe(
      'HOST: everybody who reaches the ports of this container is administrator by the demo sign-in; publish them on 127.0.0.1 alone\n',
    );
  });

  it.each(['app', 'api', 'cdn'] as const)('answers to its own host name: %s', async (part) => {
    const path = { app: '/', api: '/openapi.json', cdn: '/courses/algebra/images/1.svg' }[part];
    expect((await place.get(`${place[part]}${path}`)).status).toBe({ app: 200, api: 200, cdn: 403 }[part]);
  });

  it.each([
    ['app', '/', 421],
    ['api', '/openapi.json', 404],
    ['api', '/demo/sign-in', 404],
    ['api', '/health/ready', 200],
  ] as const)(
    'answers a foreign host name with no more than its health: %s%s',
    async (part, path, status) => {
      const answer = await place.get(`${place[part]}${path}`, {
        headers: { Host: 'other.edgepass.localhost' },
      });
      expect(answer.status).toBe(status);
    },
  );

  it('gives no file to a foreign host name', async () => {
    const answer = await place.get(`${place.cdn}/courses/algebra/images/1.svg`, {
      headers: { Host: 'other.edgepass.localhost' },
    });
    expect(answer.status).toBe(403);
    await expect(stack.waitForLine('403 GET other.edgepass.localhost')).resolves.toContain('edge refused');
  });

  it('says how to take the authority out, and names it as it then lies outside', async () => {
    const inside = join(place.dataDir, 'tls/ca.pem');
    const from = lines().indexOf('From the folder of docker-compose.yml:');
    expect(lines().slice(from + 1, from + 3)).toEqual([
      `  docker compose cp edgepass:${inside} .`,
      `  docker compose cp FOLDER edgepass:${join(place.dataDir, 'media')}/   (files of your own)`,
    ]);
    expect(lines()).toContain('  Node             export NODE_EXTRA_CA_CERTS=ca.pem');
    expect(lines().filter((line) => line.includes(inside))).toHaveLength(1);
    expect((await place.get(`${place.app}/config.json`)).json()).toMatchObject({ caFile: 'ca.pem' });
  });

  it('takes invalidations where the port is published: on 127.0.0.1', async () => {
    const line = lines().find((text) => text.includes('create-invalidation')) ?? '';
    const [, url = ''] = /--endpoint-url (http:\/\/127\.0\.0\.1:\d+) /.exec(line) ?? [];
    const answer = await fetch(`${url}/reload`, { method: 'POST' });
    expect(answer.ok).toBe(true);
  });

  it('keeps what it stores in the PostgreSQL of DATABASE_URL, and makes no SQLite file', async () => {
    const client = await connectTo(database.url);
    const { rows } = await client.query('select subject, prefix from entitlements order by prefix');
    await client.end();
    expect(rows).toEqual(DEMO_ENTITLEMENTS);
    expect(existsSync(join(place.dataDir, 'edgepass.sqlite'))).toBe(false);
  });
});
