import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '../../src/cli/api.command.js';
import { freePort } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import { ecKeyText } from '../support/key-texts.js';
import { keyFile, until } from '../support/operated-api.js';
import {
  packedPackages,
  runEdgepass,
  runTimed,
  startEdgepass,
  startProcess,
  type RunningProcess,
} from '../support/processes.js';
import { runHere } from '../support/run-here.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { IS_WHOLE, sampled } from '../support/whole.js';

const SECRET = 'a secret that must never be shown';

let folder: string;
let environment: Record<string, string>;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-api-'));
  port = await freePort();
  environment = {
    PORT: String(port),
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://www.media.example.com',
    CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CLOUDFRONT_PRIVATE_KEY_FILE: keyFile(folder),
    AUTH_SECRET: SECRET,
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_AUDIENCE: 'media',
    DATABASE_URL: `sqlite:${join(folder, 'edgepass.sqlite')}`,
    TRUSTED_PROXIES: '127.0.0.1',
    DATA_DIR: join(folder, 'data'),
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const api = (changes: Record<string, string> = {}) => ({
  cwd: folder,
  environment: { ...environment, ...changes },
});

/** `edgepass api --check` in this process; under `npm run whole` in one of its own. */
const check = (changes: Record<string, string>) =>
  IS_WHOLE
    ? runEdgepass(['api', '--check'], api(changes))
    : runHere(run, ['--check'], { ...environment, ...changes }, folder);

/** What `edgepass api` refuses, by what `--check` runs; under `npm run whole` by a start. */
const refuse = (changes: Record<string, string>) =>
  IS_WHOLE ? runEdgepass(['api'], api(changes)) : check(changes);

/** Asks until the API answers: it prints nothing that a machine should wait for. */
async function answers(): Promise<number> {
  let status = 0;
  await until(async () => (status = (await send(`http://127.0.0.1:${port}/health/live`)).status) > 0);
  return status;
}

/**
 * Settings that are well formed, and what they name cannot be used. A database is opened after what `--check` does: one
 * that a start refuses is also in test/operation/stopping.spec.ts.
 */
const UNUSABLE = [
  ['CLOUDFRONT_PRIVATE_KEY_FILE', '/nowhere/key.pem'],
  ['CLOUDFRONT_DOMAIN', 'cdn.example.net'],
  ['DATABASE_URL', 'sqlite:/dev/null/edgepass.sqlite'],
] as const;

describe('edgepass api', () => {
  it('reports every wrong setting at once, within 3 seconds, and no secret', async () => {
    const { code, stdout, stderr, seconds } = await runTimed(
      ['api'],
      api({ GRANT_TTL_SECONDS: 'soon', AUTH_ISSUER: '', PORT: '99999' }),
    );
    expect(seconds).toBeLessThan(3);
    expect([code, stdout]).toEqual([1, '']);
    expect(
      new Set(
        stderr
          .trimEnd()
          .split('\n')
          .map((line) => line.split(':')[0]),
      ),
    ).toEqual(new Set(['AUTH_ISSUER', 'GRANT_TTL_SECONDS', 'PORT']));
    expect(stderr).not.toContain(SECRET);
  });

  it('reports wrong files and addresses that do not go together along with them', async () => {
    const { code, stderr } = await refuse({
      GRANT_TTL_SECONDS: 'soon',
      CLOUDFRONT_PRIVATE_KEY_FILE: '/nowhere/key.pem',
      CLOUDFRONT_DOMAIN: 'd111111abcdef8.cloudfront.net',
      TLS_CERT_FILE: '/nowhere/tls.pem',
      TLS_KEY_FILE: '/nowhere/tls-key.pem',
      AUTH_SECRET: '',
      AUTH_PUBLIC_KEY_FILE: '/nowhere/token.pem',
    });
    expect(code).toBe(1);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual([
      'TLS_CERT_FILE',
      'TLS_KEY_FILE',
      'CLOUDFRONT_DOMAIN',
      'CLOUDFRONT_PRIVATE_KEY_FILE',
      'GRANT_TTL_SECONDS',
      'AUTH_PUBLIC_KEY_FILE',
    ]);
  });

  it('says in one line each what is wrong with the files of HTTPS', async () => {
    const { certificatePem, keyPem } = await makeTestCertificates(['api.media.example.com']);
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const cert = write('tls.pem', certificatePem);
    const key = write('tls-key.pem', keyPem);
    const other = write('other-key.pem', ecKeyText());
    const saidFor = async (TLS_CERT_FILE: string, TLS_KEY_FILE: string) =>
      (await refuse({ TLS_CERT_FILE, TLS_KEY_FILE })).stderr;
    const lines = (setting: string, expected: string, found: string) =>
      `${setting}: expected a PEM file with ${expected}; found ${found}; correct the path, the permissions or the file; or set neither, behind a TLS terminator\n`;
    const certificate = 'the certificate, and after it the chain up to the authority';
    const privateKey = 'the private key of that certificate, without a passphrase';

    expect(await saidFor(key, key)).toBe(
      lines('TLS_CERT_FILE', certificate, `${key} with none that can be read`),
    );
    expect(await saidFor(cert, cert)).toBe(
      lines('TLS_KEY_FILE', privateKey, `${cert} with none that can be read`),
    );
    expect(await saidFor(cert, other)).toBe(
      lines('TLS_KEY_FILE', privateKey, `${other}: the key of another certificate`),
    );
    expect(await saidFor(folder, key)).toBe(
      lines('TLS_CERT_FILE', certificate, `${folder}, which cannot be read (EISDIR)`),
    );
  });

  it.each(sampled(UNUSABLE, ['CLOUDFRONT_PRIVATE_KEY_FILE', 'CLOUDFRONT_DOMAIN']))(
    'reports in one line what a well-formed setting names but cannot be used: %s',
    async (setting, value) => {
      const { code, stderr } = await refuse({ [setting]: value });
      expect(code).toBe(1);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).not.toContain('    at ');
    },
  );

  it.each(['--check', null])('says in one line that a filled-in .env has no effect (%s)', async (flag) => {
    writeFileSync(join(folder, '.env'), 'LOG_LEVEL=debug\n');
    const { code, stderr } = await (flag === null ? runEdgepass(['api'], api({ PORT: 'x' })) : check({}));
    expect(stderr.split('\n')[0]).toBe(
      `.env: is read in development only, so ${join(folder, '.env')} has no effect; set its values in the environment, or start with node --env-file=.env`,
    );
    expect(code).toBe(flag === null ? 1 : 0);
  });

  // In `npm test`: a PostgreSQL that is not there, in test/faults/postgres-readiness.spec.ts, and METRICS_PORT, of which the
  // same function says it, in test/operation/accept-errors.spec.ts.
  if (IS_WHOLE) {
    it('names the host of a PostgreSQL that nobody knows, and asks for percent-encoding', async () => {
      const changes = { DATABASE_URL: 'postgres://u:canary@nobody.invalid:5432/edgepass' };
      const running = startEdgepass(['api'], api(changes));
      const line = await running.waitForLine('the database is not ready');
      await running.stop();
      expect(JSON.parse(line)).toMatchObject({
        reason: expect.stringMatching(/^(?:ENOTFOUND|EAI_AGAIN|no answer yet)$/),
        host: 'nobody.invalid:5432',
      });
    });

    it('names the port that is taken, and its setting', async () => {
      const blocker = createServer().listen(port, '127.0.0.1');
      await new Promise((done) => blocker.once('listening', done));
      const { code, stderr } = await runEdgepass(['api'], api());
      await new Promise((done) => blocker.close(done));
      expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([
        1,
        `PORT: expected port ${port} to be free; found another program on it; stop that program (\`lsof -i :${port}\` names it) or set PORT to another port`,
      ]);
    });
  }
});

describe('edgepass api --check', () => {
  it('ends with 0 where it would start, and makes and opens nothing', async () => {
    const ended = await runEdgepass(['api', '--check'], api());
    expect(ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(existsSync(join(folder, 'edgepass.sqlite'))).toBe(false);
  });

  it('ends with 1 where it would not, and says why as a start does', async () => {
    const changes = { CLOUDFRONT_PRIVATE_KEY_FILE: '/nowhere/key.pem', PORT: '0' };
    const [checked, { signal: _none, ...started }] = [
      await check(changes),
      await runEdgepass(['api'], api(changes)),
    ];
    expect(checked).toMatchObject(started);
    expect(
      checked.stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(['PORT', 'CLOUDFRONT_PRIVATE_KEY_FILE']);
  });
});

/** As npm starts it in production: a shell, to which a signal for npm is handed on. */
function startAsNpmDoes(): RunningProcess {
  const repository = join(import.meta.dirname, '../..');
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const changes = {
    NODE_OPTIONS: packedPackages,
    PATH: `${join(repository, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
  };
  return startProcess('sh', ['-c', scripts['start:prod'] ?? ''], {
    environment: { ...environment, ...changes },
    cwd: repository,
  });
}

const IGNORED = 'SIGUSR1 is ignored: it would open the inspector, which reads the signing key';

/** The ways to start it, and what it says of SIGUSR1; `npm run whole` takes all. */
const STARTS = [
  // Node itself ignores SIGUSR1 there; test/operation/stopping.spec.ts sends it to edgepass in `npm test`.
  ['npm run start:prod', startAsNpmDoes, []],
  ['node dist/cli/edgepass.js api', () => startEdgepass(['api'], api()), [IGNORED]],
  [
    'node dist/main.js',
    () =>
      startProcess(
        process.execPath,
        [join(import.meta.dirname, '../../dist/main.js')],
        api({ NODE_OPTIONS: packedPackages }),
      ),
    [IGNORED],
  ],
] as const;

it.each(sampled(STARTS, ['npm run start:prod']))(
  '%s is one process, which serves until SIGTERM, ends without an error, and opens no inspector in production (K14)',
  async (_, start, said) => {
    const running = start();
    expect(await answers()).toBe(200);
    running.child.kill('SIGUSR1');
    expect(await Promise.all(said.map((line) => running.waitForLine(line)))).toEqual(said);
    expect(await send(`http://127.0.0.1:${port}/health/live`)).toMatchObject({ status: 200 });
    expect(await running.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(running.stderr()).not.toContain('Debugger');
    await expect(send(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow('ECONNREFUSED');
  },
);
