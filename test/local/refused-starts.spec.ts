import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '../../src/cli/start.command.js';
import { runHere } from '../support/run-here.js';
import { IS_WHOLE } from '../support/whole.js';
import { allClosed, makePlace, type Place } from './stack.js';

/** Addresses that are not all under .localhost have no demo sign-in. */
const OWN_SIGN_IN = {
  AUTH_MODE: 'jwt',
  AUTH_SECRET: 'a secret that is long enough for tests',
  AUTH_ISSUER: 'https://issuer.example.com',
  AUTH_AUDIENCE: 'media',
};

let place: Place;
let blocker: Server | null;

beforeEach(async () => {
  place = await makePlace();
  blocker = null;
});
afterEach(async () => {
  if (blocker !== null) await new Promise((done) => blocker?.close(done));
  place.remove();
});

/** What `edgepass start` does with these, in this process: everything here is refused before another one is started. */
async function refused(
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  if (IS_WHOLE) return refusedProcess(args, environment);
  const settings = { ...place.environment, ...environment };
  const { code, stdout, stderr } = await runHere(run, args, settings, place.folder);
  expect(stdout).toBe('');
  return { code, said: stderr };
}

async function refusedProcess(
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  const attempt = place.start(args, environment);
  const { code } = await attempt.ended;
  expect(attempt.stdout()).toBe('');
  return { code, said: attempt.stderr() };
}

async function block(url: string): Promise<number> {
  const port = Number(new URL(url).port);
  blocker = createServer().listen(port, '127.0.0.1');
  await new Promise((done) => blocker?.once('listening', done));
  return port;
}

describe('a start that cannot work', () => {
  it.each(['APP_ORIGINS', 'PUBLIC_URL', 'CLOUDFRONT_DOMAIN'])(
    'names the port that is taken, and its setting: %s',
    async (setting) => {
      const port = await block(place.environment[setting] ?? '');
      expect(await refused()).toEqual({
        code: 1,
        said: `${setting}: expected port ${port} to be free; found another program on it; stop that program (\`lsof -i :${port}\` names it) or set ${setting}=${(place.environment[setting] ?? '').replace(String(port), String((port + 10) % 65536))}\n`,
      });
      expect(readdirSync(place.dataDir)).toEqual([]);
      await new Promise((done) => blocker?.close(done));
      blocker = null;
      expect(await allClosed(place)).toBe(true);
    },
  );

  it('wants one address for --one-host', async () => {
    const { app, api, cdn } = place;
    expect(await refused(['--one-host'])).toEqual({
      code: 1,
      said: `--one-host: expected APP_ORIGINS, PUBLIC_URL and CLOUDFRONT_DOMAIN at one address; found ${app}, ${api} and ${cdn}; leave all three away, or set APP_ORIGINS=${cdn} PUBLIC_URL=${cdn}/api\n`,
    });
  });

  it('wants a path for an API at the address of the edge', async () => {
    const { cdn } = place;
    expect(await refused([], { PUBLIC_URL: cdn })).toEqual({
      code: 1,
      said: `PUBLIC_URL: expected a path, because the API shares the address of CLOUDFRONT_DOMAIN; found ${cdn}; set PUBLIC_URL=${cdn}/api\n`,
    });
  });

  it('names a data folder that cannot be written', async () => {
    writeFileSync(join(place.folder, 'file'), '');
    const wanted = join(place.folder, 'file', 'data');
    expect(await refused([], { DATA_DIR: wanted })).toEqual({
      code: 1,
      said: `DATA_DIR: expected a folder that this user can write; found ${wanted} (ENOTDIR); change its owner, or set DATA_DIR to another folder\n`,
    });
  });

  it("does not move into somebody else's folder", async () => {
    mkdirSync(place.dataDir);
    writeFileSync(join(place.dataDir, 'customers.csv'), '');
    const { code, said } = await refused();
    expect(code).toBe(1);
    expect(said).toContain(`found ${place.dataDir} with other files in it`);
    expect(readdirSync(place.dataDir)).toEqual(['customers.csv']);
  });

  it('tells every wrong setting at once, one line each', async () => {
    const { code, said } = await refusedProcess([], { GRANT_TTL_SECONDS: 'soon', APP_ORIGINS: '*' });
    expect(code).toBe(1);
    expect(
      new Set(
        said
          .trimEnd()
          .split('\n')
          .map((line) => line.split(':')[0]),
      ),
    ).toEqual(new Set(['APP_ORIGINS', 'GRANT_TTL_SECONDS']));
  });

  it('does not let the network sign in as administrator of the demo', async () => {
    expect(await refused([], { HOST: '0.0.0.0' })).toEqual({
      code: 1,
      said: 'HOST: expected a loopback address with the demo sign-in, which lets everybody in as administrator; found "0.0.0.0"; remove it, or set AUTH_MODE=jwt; a container starts with --container\n',
    });
  });

  it.each([
    ['APP_ORIGINS', 'app'],
    ['PUBLIC_URL', 'api'],
    ['CLOUDFRONT_DOMAIN', 'cdn'],
  ])('says what to write where %s is a port alone', async (setting, name) => {
    const { said } = await refused([], { [setting]: '3012' });
    expect(said).toContain(`; write the whole address, such as https://${name}.edgepass.localhost:3012\n`);
  });

  it('refuses to run a production with throw-away keys', async () => {
    expect(await refused([], { NODE_ENV: 'production' })).toEqual({
      code: 1,
      said: 'NODE_ENV: expected development or nothing, because this command makes throw-away keys; found "production"; for a real service run edgepass api\n',
    });
  });

  it.each([
    [['--port', '1'], "Unknown option '--port'"],
    [
      ['--app', 'file:///etc/passwd'],
      '--app: expected the address of a dev server such as http://localhost:5173, found "file:///etc/passwd"',
    ],
    [
      ['--api', 'http://localhost:4000/v1'],
      '--api: expected the address of a dev server such as http://localhost:5173, found "http://localhost:4000/v1"',
    ],
    [['extra'], "Unexpected argument 'extra'"],
  ])('is wrong use with %j', async (args, message) => {
    const { code, said } = await refused(args);
    expect(code).toBe(2);
    expect(said).toContain(`edgepass start: ${message}`);
    expect(said).toContain(
      'Usage: edgepass start [--app URL] [--api URL] [--one-host] [--brief] [--container]',
    );
  });

  it('does not put the stack behind itself', async () => {
    const port = Number(new URL(place.app).port);
    expect(await refused(['--app', `http://localhost:${port}`])).toEqual({
      code: 1,
      said: `--app: expected a port of its own for each local part; found ${port}, which APP_ORIGINS needs too; give one of them another port\n`,
    });
  });

  it('tells what the files and the addresses get wrong along with wrong settings', async () => {
    const { code, said } = await refused([], {
      ...OWN_SIGN_IN,
      GRANT_TTL_SECONDS: 'soon',
      CLOUDFRONT_DOMAIN: 'https://192.0.2.1',
      CLOUDFRONT_PRIVATE_KEY_FILE: '/nowhere/key.pem',
    });
    expect(code).toBe(1);
    expect(
      said
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(['CLOUDFRONT_DOMAIN', 'CLOUDFRONT_PRIVATE_KEY_FILE', 'GRANT_TTL_SECONDS']);
  });

  it('leaves nothing running when the last part refuses', async () => {
    // The database is opened by the API, when the edge is up already.
    const { code, said } = await refusedProcess([], { DATABASE_URL: `sqlite:${place.folder}` });
    expect(code).toBe(1);
    expect(said).not.toContain('    at ');
    expect(said).toContain('DATABASE_URL: expected an SQLite file');
    expect(await allClosed(place)).toBe(true);
    expect(readdirSync(place.dataDir)).not.toContain('edgepass.lock');
  });
});
