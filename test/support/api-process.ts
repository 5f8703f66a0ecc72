/**
 * The built API as processes for commands that run outside jest (`npm run race`, `npm run fuzz:http`). Node
 * runs this file as it is, so it imports no other file of ours.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LONGEST_START_MILLISECONDS = 30_000;

/** What a command needs to talk to them. */
export interface ApiProcesses {
  /** `http://127.0.0.1:…` of each instance, all on one database. */
  readonly urls: readonly string[];
  readonly children: readonly ChildProcess[];
  /** How callers sign in: HS256 with this secret. */
  readonly tokens: { readonly secret: string; readonly issuer: string; readonly audience: string };
  readonly adminGroup: string;
  /** Verifies the signatures of the cookies. */
  readonly publicKey: KeyObject;
  readonly appOrigin: string;
  readonly cloudFrontUrl: string;
  /** The last lines that they logged. */
  lastLines(): readonly string[];
  /** Ends them and removes their files. */
  stop(): void;
}

/** Starts that many instances on a new database and waits until they are ready. */
export async function startApiProcesses(options: {
  /** The folder of package.json. */
  readonly repository: string;
  readonly database: 'sqlite' | 'postgres';
  readonly count: number;
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<ApiProcesses> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-api-'));
  const started: ChildProcess[] = [];
  const stop = (): void => {
    // PostgreSQL's process removes its folder when its channel closes.
    for (const child of started) {
      if (child.connected) child.disconnect();
      else child.kill();
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keyFile = join(folder, 'key.pem');
    writeFileSync(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const tokens = {
      secret: randomBytes(32).toString('hex'),
      issuer: 'https://idp.example.com',
      audience: 'edgepass',
    };
    const settings = {
      PUBLIC_URL: 'https://api.media.example.com',
      APP_ORIGINS: 'https://www.media.example.com',
      CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
      CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
      CLOUDFRONT_PRIVATE_KEY_FILE: keyFile,
      AUTH_SECRET: tokens.secret,
      AUTH_ISSUER: tokens.issuer,
      AUTH_AUDIENCE: tokens.audience,
      AUTH_ADMIN_GROUP: 'admins',
      DATABASE_URL:
        options.database === 'sqlite'
          ? `sqlite:${join(folder, 'api.sqlite')}`
          : await startPostgres(options.repository, started),
      LOG_LEVEL: 'error',
      REQUEST_LIMIT_PER_ADDRESS: '0',
      GRANT_LIMIT_PER_VIEWER: '0',
      ...options.settings,
    };
    const lines: string[] = [];
    const ports = await Promise.all(Array.from({ length: options.count }, freePort));
    const children = ports.map((port) => {
      const child = spawn(process.execPath, [join(options.repository, 'dist/cli/edgepass.js'), 'api'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          PORT: String(port),
          ...quickStart(options.repository),
          ...settings,
        },
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        lines.push(...text.split('\n').filter((line) => line !== ''));
        lines.splice(0, lines.length - 20);
      });
      started.push(child);
      return child;
    });
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    await Promise.all(urls.map(isReady));
    return {
      urls,
      children,
      tokens,
      adminGroup: settings.AUTH_ADMIN_GROUP,
      publicKey,
      appOrigin: settings.APP_ORIGINS,
      cloudFrontUrl: `https://${settings.CLOUDFRONT_DOMAIN}`,
      lastLines: () => lines,
      stop,
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Beside the other tests they start as all processes do there (processes.ts); a measurement runs what is shipped. */
function quickStart(repository: string): Readonly<Record<string, string>> {
  const packed = process.env['EDGEPASS_TEST_PACKED'];
  if (packed === undefined) return {};
  const compiled = join(repository, 'node_modules/.cache/compiled');
  return { NODE_OPTIONS: `--import=${packed}`, NODE_COMPILE_CACHE: compiled };
}

async function startPostgres(repository: string, started: ChildProcess[]): Promise<string> {
  const child = fork(join(repository, 'test/support/postgres-process.ts'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  started.push(child);
  const message = await new Promise<{ type: string; url: string; reason: string }>((resolve) =>
    child.once('message', (message) => resolve(message as { type: string; url: string; reason: string })),
  );
  if (message.type !== 'ready') throw new Error(message.reason);
  return message.url;
}

async function isReady(url: string): Promise<void> {
  for (const begin = performance.now(); performance.now() - begin < LONGEST_START_MILLISECONDS;) {
    // oxlint-disable-next-line no-await-in-loop -- looks again and again
    const status = await fetch(`${url}/health/ready`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} was not ready within ${LONGEST_START_MILLISECONDS} ms`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
