// `npm run race -- --count 100000 [--database sqlite]`: two real API processes on one real PostgreSQL (or one
// on an SQLite file); rights are taken away while grants under them are on their way, until `count` grants
// have begun after the answer. `--seconds 900` is the longest it takes; `--at-once 16` rights at a time.
import { fork, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runRaces } from './race.ts';

const LONGEST_START_MILLISECONDS = 30_000;
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '900' },
    database: { type: 'string', default: 'postgres' },
    'at-once': { type: 'string', default: '16' },
  },
});
const path = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'edgepass-race-'));
const tokens = {
  secret: randomBytes(32).toString('hex'),
  issuer: 'https://idp.example.com',
  audience: 'edgepass',
};
const children = [];

try {
  const count = values.database === 'sqlite' ? 1 : 2;
  const databaseUrl =
    values.database === 'sqlite' ? `sqlite:${join(folder, 'race.sqlite')}` : await postgres();
  const key = join(folder, 'key.pem');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  const instances = await Promise.all(ports.map((port) => api(port, databaseUrl, key)));

  const begin = performance.now();
  const result = await runRaces({
    instances,
    tokens,
    nowEpochSeconds: () => Math.floor(Date.now() / 1000),
    adminGroup: 'admins',
    races: Math.ceil(Number(values.count) / count),
    longestSeconds: Number(values.seconds),
    atOnce: Number(values['at-once']),
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  console.log(JSON.stringify({ database: values.database, instances: count, seconds, ...result }, null, 2));
  const isKept = result.faults.length === 0 && result.late === 0 && result.missed === 0;
  console.log(isKept ? 'kept: no grant began after a revocation, none was missed' : 'BROKEN');
  process.exitCode = isKept ? 0 : 1;
} finally {
  // PostgreSQL's process removes its folder when its channel closes.
  for (const child of children) {
    if (child.connected) child.disconnect();
    else child.kill();
  }
  rmSync(folder, { recursive: true, force: true });
}

async function postgres() {
  const child = fork(path('../support/postgres-process.ts'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  const message = await new Promise((resolve) => child.once('message', resolve));
  if (message.type !== 'ready') throw new Error(message.reason);
  return message.url;
}

async function api(port, databaseUrl, keyFile) {
  const child = spawn(process.execPath, [path('../../dist/cli/edgepass.js'), 'api'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      PUBLIC_URL: 'https://api.media.example.com',
      APP_ORIGINS: 'https://www.media.example.com',
      CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
      CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
      CLOUDFRONT_PRIVATE_KEY_FILE: keyFile,
      AUTH_SECRET: tokens.secret,
      AUTH_ISSUER: tokens.issuer,
      AUTH_AUDIENCE: tokens.audience,
      AUTH_ADMIN_GROUP: 'admins',
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: 'error',
      REQUEST_LIMIT_PER_ADDRESS: '0',
      GRANT_LIMIT_PER_VIEWER: '0',
    },
  });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  for (const begin = performance.now(); performance.now() - begin < LONGEST_START_MILLISECONDS;) {
    const status = await fetch(`${url}/health/ready`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the API on port ${port} was not ready within ${LONGEST_START_MILLISECONDS} ms`);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
