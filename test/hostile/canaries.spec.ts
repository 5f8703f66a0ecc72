import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { run } from '../../src/cli/api.command.js';
import { run as runAudit } from '../../src/cli/audit.command.js';
import {
  expectNoSecret,
  keepKey,
  keepSecret,
  keepUrl,
  secretCount,
  secretsIn,
} from '../support/canaries/canaries.js';
import { filesIn, rowsIn } from '../support/canaries/stored.js';
import { freePort, freePorts } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import { startIssuer, type Issuer } from '../support/issuer.js';
import { ecKeyText, rsaKeyTextOf } from '../support/key-texts.js';
import {
  askForGrant,
  bearer,
  entitleEveryone,
  keyFile,
  OPERATED_SECRET,
  startOperatedApi,
  until,
  type OperatedApi,
} from '../support/operated-api.js';
import { createTestDatabase } from '../support/postgres.js';
import {
  startEdgepass,
  startProcess,
  takePrintedSecrets,
  type RunningProcess,
} from '../support/processes.js';
import { requestBytes, sendRaw } from '../support/raw-request.js';
import { runHere } from '../support/run-here.js';
import { scrape } from '../support/scrape.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { AUDIENCE, compactJws, ecKey, hs256, ISSUER, rsaKey, rs256 } from '../support/token-issuer.js';
import { IS_WHOLE } from '../support/whole.js';
import { whatStarts } from './refused-start.js';
import { secretRequests } from './secret-requests.js';
import { connectTo } from '../support/postgres-connections.js';

/** Of a service whose next download is a second away: each request is work for both. */
const BETWEEN_REQUESTS_MILLISECONDS = 100;

/** Where a secret is at home: its own file. */
const HOMES = ['key.pem', '.env', '-key.pem'];

/** A text that stands nowhere else, in characters that no header, URL or JSON text has to write otherwise. */
function secret(name: string): string {
  const text = `canary.${randomBytes(15).toString('base64url')}`;
  keepSecret(name, text);
  return text;
}

function tokenOf(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  return compactJws(
    header,
    { iss: ISSUER, aud: AUDIENCE, sub: 'u1', exp, ...claims },
    hs256(OPERATED_SECRET),
  );
}

/** A body whose sender goes away in the middle of it. */
function breakOff(port: number, body: string): Promise<void> {
  return new Promise((resolve) => {
    const lines = [`Authorization: ${bearer('u1')}`, 'Content-Type: application/json', 'Content-Length: 999'];
    const socket = connect(port, '127.0.0.1', () => {
      const head = requestBytes('api.media.example.com', '/grants', lines, 'POST');
      socket.write(Buffer.concat([head, Buffer.from(body)]), () => socket.destroy());
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
  });
}

/** A refused prefix is quoted to the caller who sent it, by segment and character; nowhere else. */
const QUOTED_TO_THE_CALLER = ['a prefix'];

/** What a client was given is nobody else's. */
function keepGiven(setCookies: readonly string[]): void {
  for (const line of setCookies) {
    const [, name, value] = /^(CloudFront-(?:Policy|Signature))=([^;]+)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) keepSecret(name, value);
  }
}

/** A table goes away under the service, so that a statement fails with its values on the way. */
async function failStatement(databaseUrl: string, ask: () => Promise<number>): Promise<void> {
  const client = await connectTo(databaseUrl);
  await client.query('alter table grants rename to grants_away');
  expect(await ask()).toBe(503);
  await client.query('alter table grants_away rename to grants');
  await client.end();
}

async function untilNextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  await until(async () => Math.floor(Date.now() / 1000) > second);
}

function publish(issuer: Issuer, body: string): void {
  issuer.answer((_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(body));
}

/** Searches what an API has said and stored, the audit log as its command gives it included. */
async function expectNoSecretAnywhere(api: OperatedApi, folder: string, databaseUrl: string): Promise<void> {
  await scrape(api.metricsPort);
  for (const path of ['/admin/grants?limit=200', '/admin/entitlements?limit=200', '/health/ready']) {
    const answer = await send(`${api.url}${path}`, {
      headers: { Authorization: bearer('root', ['admins']) },
    });
    expect(answer.status).toBe(200);
    expectNoSecret(`GET ${path}`, answer.body);
  }
  await api.process.stop();
  // An export holds no event of the second in which it begins.
  await untilNextSecond();
  const exported = await runHere(runAudit, ['export'], { DATABASE_URL: databaseUrl }, folder);
  expect(exported.code).toBe(0);
  expect(exported.stdout.split('\n').length).toBeGreaterThan(2);
  const files = filesIn(folder, HOMES);
  for (const { path, bytes } of files) expectNoSecret(path, bytes);
  expect(api.process.stdout().split('"request refused"').length).toBeGreaterThan(50);
  expect(takePrintedSecrets()).toEqual([]);
}

describe('K13 secrets of every kind, at LOG_LEVEL=trace', () => {
  it('in requests: none is in an answer, in the log, in the metrics, in the audit log, in the database', async () => {
    const folder = temporaryFolder('canaries');
    keyFile(folder);
    const databaseUrl = `sqlite:${join(folder, 'api.sqlite')}`;
    const api = await startOperatedApi({ folder, databaseUrl, changes: { AUTH_COOKIE: 'session' } });
    await entitleEveryone(api.url, 'open');
    const tokens = { viewer: tokenOf({}), admin: tokenOf({ groups: ['admins'] }) };
    const requests = secretRequests(secret, tokens);
    for (const { name, bytes } of requests) {
      const answer = await sendRaw({ port: api.port, bytes });
      const headers = answer.headers.map(([key, value]) => `${key}: ${value}`).join('\n');
      const found = secretsIn(`${headers}\n${answer.body.toString('latin1')}`);
      expect(`${name}: ${found.join(', ')}`).toBe(
        `${name}: ${QUOTED_TO_THE_CALLER.includes(name) ? name : ''}`,
      );
    }
    const claims = [
      { email: secret('a claim') },
      { groups: { is: secret('groups of another type') } },
      { sub: `${secret('an id that cannot be stored')}\u0000` },
      { exp: 1, note: secret('a claim of an expired token') },
      { aud: secret('another audience') },
    ].map((one) => tokenOf(one));
    const headers = [
      { alg: 'HS256', kid: secret('a key id') },
      { alg: 'HS256', jku: `https://u1:${secret('the password of a jku')}@x.example/` },
      { alg: secret('an algorithm') },
      { alg: 'HS256', crit: [secret('a critical extension')] },
    ].map((header) => tokenOf({}, header));
    for (const token of [...claims, ...headers]) {
      const answer = await send(`${api.url}/grants`, { headers: { Authorization: `Bearer ${token}` } });
      expectNoSecret('the answer to a token', answer.body);
    }
    await breakOff(api.port, `{"prefix":"${secret('a body that breaks off')}`);
    const granted = await askForGrant(api.url, 'u2', 'open');
    expect(granted.status).toBe(201);
    keepGiven(granted.setCookies);
    expect((await askForGrant(api.url, 'u2', 'open/a')).status).toBe(201);
    expect(requests.length).toBeGreaterThan(60);
    await expectNoSecretAnywhere(api, folder, databaseUrl);
  });

  it('in what a key set holds, and in the password of a database that goes away', async () => {
    const folder = temporaryFolder('canaries-jwks');
    const database = await createTestDatabase();
    const certificates = await makeTestCertificates(['localhost']);
    keepKey('the key of the issuer’s server', certificates.keyPem);
    const issuer = await startIssuer(certificates);
    const [rsa, ec] = [rsaKey('rsa'), ecKey('ec')];
    const shared = secret('a shared secret in a key set');
    // Not startOperatedApi: that waits until the keys are there, and here they are not.
    const start = async (
      url: string,
    ): Promise<{ process: RunningProcess; url: string; metricsPort: number }> => {
      const [port, metricsPort] = (await freePorts(2)) as [number, number];
      const environment = {
        ...(await whatStarts()),
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        DATABASE_URL: database.url,
        AUTH_SECRET: '',
        AUTH_JWKS_URL: url,
        NODE_EXTRA_CA_CERTS: certificates.caFile,
      };
      const process = startEdgepass(['api'], { cwd: folder, environment });
      await process.waitForLine('"listening"');
      return { process, url: `http://127.0.0.1:${port}`, metricsPort };
    };
    const ask = async (asked: { readonly url: string }, kid: string): Promise<number> => {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'u1', exp };
      const token = compactJws({ alg: 'RS256', kid }, claims, rs256(rsa.privateKey));
      const answer = await send(`${asked.url}/grants`, { headers: { Authorization: `Bearer ${token}` } });
      expectNoSecret('the answer to a token', answer.body);
      return answer.status;
    };

    const askAgain = async (asked: { readonly url: string }): Promise<number> => {
      await pause(BETWEEN_REQUESTS_MILLISECONDS);
      return ask(asked, 'rsa');
    };

    publish(issuer, `{"keys":[{"kty":"${secret('a key set that is broken')}"`);
    const api = await start(`${issuer.url}?key=${secret('the query of AUTH_JWKS_URL')}`);
    expect(await ask(api, 'rsa')).toBe(503);
    const elsewhere = `https://u1:${secret('where a key set moved to')}@x.example/`;
    issuer.answer((_, response) => response.writeHead(302, { Location: elsewhere }).end());
    // A download that failed is tried again a second later.
    const before = issuer.downloads;
    await until(async () => (await askAgain(api)) === 503 && issuer.downloads > before);
    expect(await ask(api, 'rsa')).toBe(503);
    const keys = [
      { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'private' },
      { ...ec.privateKey.export({ format: 'jwk' }), kid: 'private-ec' },
      { kty: 'oct', kid: 'shared', k: Buffer.from(shared).toString('base64url') },
      rsa.jwk,
    ];
    publish(issuer, JSON.stringify({ keys }));
    await until(async () => (await askAgain(api)) === 200);
    for (const kid of ['private', 'private-ec', 'shared', secret('a key id that is unknown')]) {
      expect([200, 401]).toContain(await ask(api, kid));
    }
    await failStatement(database.url, () => ask(api, 'rsa'));
    expectNoSecret('the rows', await rowsIn(database.url));
    await database.drop();
    expect(await ask(api, 'rsa')).toBe(503);
    await scrape(api.metricsPort);
    await api.process.stop();
    await issuer.stop();
    expect(takePrintedSecrets()).toEqual([]);
  });

  it('in settings: a start that is refused tells none of them (K12)', async () => {
    const folder = temporaryFolder('canaries-settings');
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const withPassword = (name: string, before: string, after: string): string => {
      const url = `${before}${secret(`the password in ${name}`)}${after}`;
      keepUrl(name, url);
      return url;
    };
    const asText = (text: string) => ({
      CLOUDFRONT_PRIVATE_KEY_FILE: undefined,
      CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
      CLOUDFRONT_PRIVATE_KEY: text,
    });
    const good = ecKeyText();
    const port = String(await freePort());
    const starts: readonly Readonly<Record<string, string | undefined>>[] = [
      { DATABASE_URL: withPassword('a MySQL address', 'mysql://u1:', '@db.example.com/x') },
      {
        DATABASE_URL: withPassword(
          'an address with an odd port',
          'postgres://u1:',
          '@db.example.com:99999/x',
        ),
      },
      { DATABASE_URL: withPassword('an address without a host', 'postgres://u1:', '@/x') },
      { AUTH_SECRET: secret('AUTH_SECRET that is too short').slice(0, 27) },
      { AUTH_JWKS_URL: withPassword('AUTH_JWKS_URL', 'https://u1:', '@idp.example.com/keys') },
      {
        AUTH_SECRET: '',
        AUTH_JWKS_URL: withPassword('plain AUTH_JWKS_URL', 'http://u1:', '@idp.example.com/'),
      },
      { PUBLIC_URL: withPassword('PUBLIC_URL', 'https://u1:', '@api.example.com') },
      { APP_ORIGINS: withPassword('APP_ORIGINS', 'https://u1:', '@app.example.com') },
      { CLOUDFRONT_DOMAIN: withPassword('CLOUDFRONT_DOMAIN', 'https://u1:', '@cdn.example.com') },
      asText(rsaKeyTextOf(1024)),
      asText(good.slice(0, -60)),
      asText(good.replaceAll('\n', ' ')),
      asText(good.replace('MI', 'XX')),
      asText(`${secret('a text around a key')}\n${good}`.replace('BEGIN', 'BEGUN')),
      asText(Buffer.from(secret('a text that is no key')).toString('base64')),
      { TLS_CERT_FILE: write('cert.pem', 'no certificate'), TLS_KEY_FILE: write('tls-key.pem', ecKeyText()) },
      { AUTH_SECRET: '', AUTH_PUBLIC_KEY_FILE: write('public.pem', ecKeyText()) },
    ];
    const all = await whatStarts();
    const outputOfStart = async (
      environment: Readonly<Record<string, string | undefined>>,
    ): Promise<string> => {
      const started = startEdgepass(['api'], { environment });
      // One or the other form is taken after all; it is of no consequence here.
      await started.waitForLine('"listening"').catch(() => started.ended);
      await started.stop();
      return started.stdout() + started.stderr();
    };
    for (const [index, changes] of starts.entries()) {
      const environment = { ...all, PORT: port, ...changes };
      // It refuses as a start does (test/cli/api.spec.ts); what it does not refuse, `npm run whole` starts.
      const checked =
        index === 0 || IS_WHOLE
          ? null
          : await runHere(run, ['--check'], { ...environment, LOG_LEVEL: 'trace' });
      const said = checked === null ? await outputOfStart(environment) : checked.stdout + checked.stderr;
      const isSilentRefusal = said === '' && checked?.code !== 0;
      expect([index, isSilentRefusal]).toEqual([index, false]);
    }

    const unknown = secret('a value of .env that is no setting');
    write('.env', `AUTH_SECRT=${unknown}\nDATABASE_URL ${secret('a line of .env that is none')}\n`);
    const inDotEnv = await runHere(run, ['--check'], { NODE_ENV: 'development' }, folder);
    expect(inDotEnv.code).toBe(1);
    expect(takePrintedSecrets()).toEqual([]);
  });

  it('that were at least fifty', () => {
    expect(secretCount()).toBeGreaterThanOrEqual(50);
  });
});

describe('a secret that is printed after all is found', () => {
  const planted = secret('a planted secret');

  it.each([
    ['on stdout', 'console.log(process.argv[1])'],
    ['on stderr', 'console.error(JSON.stringify({ stack: process.argv[1] }))'],
    ['in base64', 'console.log(btoa(process.argv[1]))'],
  ])('%s', async (_, script) => {
    const process = startProcess('node', ['-e', script, planted]);
    await process.ended;
    const [line = ''] = takePrintedSecrets();
    expect(line).toMatch(/^std(out|err) of node -e .*: a planted secret$/);
  });

  it('in a setting that the process prints, without anybody having kept it', async () => {
    const process = startProcess('node', ['-e', 'console.log(process.env.AUTH_SECRET)'], {
      environment: { AUTH_SECRET: 'nobody kept this one before it was handed over' },
    });
    await process.ended;
    expect(takePrintedSecrets()).toEqual([expect.stringMatching(/: AUTH_SECRET$/)]);
  });

  it('in a file and in a database', async () => {
    const folder = temporaryFolder('planted');
    writeFileSync(join(folder, 'some.log'), `a line\n${planted}\n`);
    const database = new BetterSqlite3(join(folder, 'some.sqlite'));
    database.exec('create table t (x text)');
    database.prepare('insert into t values (?)').run(planted);
    database.close();
    for (const { path, bytes } of filesIn(folder)) {
      expect(() => expectNoSecret(path, bytes)).toThrow(
        `expected no secret in ${path}, found: a planted secret`,
      );
    }
    expect(filesIn(folder)).toHaveLength(2);
  });
});
