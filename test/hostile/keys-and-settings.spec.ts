import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/api.command.js';
import { freePort } from '../support/free-port.js';
import { ecKeyText, rsaKeyText, rsaKeyTextOf } from '../support/key-texts.js';
import { OPERATED_SECRET } from '../support/operated-api.js';
import { startEdgepass } from '../support/processes.js';
import { runHere } from '../support/run-here.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { IS_WHOLE, sampled } from '../support/whole.js';
import { expectRefused, startWith, whatStarts } from './refused-start.js';

const TEXT = 'CLOUDFRONT_PRIVATE_KEY';
const FILE = 'CLOUDFRONT_PRIVATE_KEY_FILE';
const ID = 'CLOUDFRONT_KEY_PAIR_ID';
const RUN_BYTES = 8;

const curveKey = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const edwardsKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** A key as the setting's own text. */
const asText = (text: string) => ({ [FILE]: undefined, [TEXT]: text, [ID]: 'K2JCJMDEHXQW5F' });
/** A key in a file of its own, in a folder of its own. */
function asFile(
  text: string,
  mode = 0o600,
): { readonly path: string; readonly settings: { [FILE]: string } } {
  const path = join(temporaryFolder('key'), 'key.pem');
  writeFileSync(path, `Key-Pair-Id: K2JCJMDEHXQW5F\n${text}`);
  chmodSync(path, mode);
  return { path, settings: { [FILE]: path } };
}

/** Every 8-byte run of a key's body that stands in the text, as base64 or as it lies in memory. */
function runsOf(keyText: string, output: string): readonly string[] {
  const body = keyText.replace(/-----[^-]*-----|\s|\\n/g, '');
  const hex = Buffer.from(body, 'base64').toString('hex');
  const found = (run: string): boolean => output.includes(run);
  return [...windowsOf(body, RUN_BYTES), ...windowsOf(hex, 2 * RUN_BYTES)].filter(found);
}

function windowsOf(text: string, length: number): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - length + 1) }, (_, at) =>
    text.slice(at, at + length),
  );
}

describe('K: a key that cannot sign for CloudFront', () => {
  const REFUSED: readonly (readonly [row: string, what: string, make: () => string, found: string])[] = [
    ['K01', 'RSA of 1024 bits', () => rsaKeyTextOf(1024), 'an RSA key of 1024 bits'],
    ['K02', 'RSA of 3072 bits', () => rsaKeyTextOf(3072), 'an RSA key of 3072 bits'],
    ['K02', 'RSA of 4096 bits', () => rsaKeyTextOf(4096), 'an RSA key of 4096 bits'],
    ['K03', 'Ed25519', edwardsKey, 'a key of type ed25519'],
    ['K03', 'P-384', () => curveKey('P-384'), 'an ECDSA key on the curve secp384r1'],
    ['K03', 'secp256k1', () => curveKey('secp256k1'), 'an ECDSA key on the curve secp256k1'],
    ['K06', 'a truncated PEM', () => rsaKeyText.slice(0, 800), 'a truncated PEM'],
    ['K06', 'a PEM without some of its lines', () => without(rsaKeyText, 5), 'a truncated or damaged PEM'],
    ['K06', 'a public key', () => publicPem(rsaKeyText), 'a public key'],
    ['K06', 'a certificate', () => certificatePem, 'a certificate'],
  ];
  const SAMPLE = ['RSA of 1024 bits', 'Ed25519', 'P-384', 'a truncated PEM', 'a public key'];
  test.each(sampled(REFUSED, SAMPLE))('%s %s is refused', async (_row, _what, make, found) => {
    const key = make();
    const output = await expectRefused(TEXT, asText(key));
    expect(output).toContain(`found ${found}`);
    expect(runsOf(key, output)).toEqual([]);
  });

  test('K06 an empty file is refused, and so is a setting that is empty', async () => {
    expect(await expectRefused(FILE, asFile('').settings)).toContain(': nothing;');
    await expectRefused(FILE, { [FILE]: undefined, [TEXT]: '' });
    expect((await startWith(asText(' '))).output).toMatch(/^CLOUDFRONT_PRIVATE_KEY: .*; found nothing;/m);
  });

  let certificatePem: string;
  beforeAll(async () => {
    ({ certificatePem } = await makeTestCertificates(['cdn.example.com']));
  });
});

describe('K: a key in the form in which it went through a shell, a file or a secret store', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const FORMS: readonly (readonly [title: string, form: (pem: string) => string])[] = [
    ['K04 with literal \\n', (pem: string) => pem.replaceAll('\n', '\\n')],
    ['K05 with CRLF', (pem: string) => pem.replaceAll('\n', '\r\n')],
    ['K05 with leading blanks', (pem: string) => pem.replace(/^/gm, '    ')],
    ['K05 as base64 of the PEM', base64],
  ];
  test.each(FORMS)('%s it stops no start', async (_title, form) => {
    const environment = {
      ...(await whatStarts()),
      ...asText(form(ecKeyText())),
      TRUSTED_PROXIES: '127.0.0.1',
    };
    expect(await runHere(run, ['--check'], environment)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test.each(sampled(FORMS, ['K05 as base64 of the PEM']))('%s it signs', async (_title, form) => {
    const key = ecKeyText();
    const running = startEdgepass(['api'], {
      environment: {
        ...(await whatStarts()),
        ...asText(form(key)),
        PORT: String(await freePort()),
        LOG_LEVEL: 'trace',
      },
    });
    const line = await running.waitForLine('"signing for CloudFront"');
    await running.waitForLine('"listening"');
    await running.stop('SIGKILL');
    expect(JSON.parse(line)).toMatchObject({ keyType: 'P-256', fingerprint: fingerprintOf(key) });
    expect(runsOf(key, `${running.stdout()}${running.stderr()}`)).toEqual([]);
  });
});

describe('K: a key file', () => {
  test.each(['644', '666', '660'])('K08 of mode 0%s is refused in production', async (mode) => {
    const { path, settings } = asFile(ecKeyText(), Number.parseInt(mode, 8));
    const output = await expectRefused(FILE, settings);
    expect(output).toContain(`found ${path}: mode 0${mode}`);
    expect(output).toContain(`chmod 600 ${path}`);
  });

  test('K08 in a folder that anybody may write to is refused in production', async () => {
    const { path, settings } = asFile(ecKeyText());
    chmodSync(dirname(path), 0o777);
    expect(await expectRefused(FILE, settings)).toContain('a directory around it that anybody may write to');
  });

  // A process of its own; src/cloudfront/keys/signing-key-file.spec.ts has both warnings.
  if (IS_WHOLE) {
    test('K08 outside of production both are warnings', async () => {
      const { path, settings } = asFile(ecKeyText(), 0o644);
      chmodSync(dirname(path), 0o777);
      const running = startEdgepass(['api'], {
        cwd: dirname(path),
        environment: {
          ...(await whatStarts()),
          ...settings,
          NODE_ENV: 'development',
          PORT: String(await freePort()),
        },
      });
      const mode = await running.waitForLine(`${path}: found mode 0644`);
      const folder = await running.waitForLine('a directory around it');
      await running.waitForLine('"listening"');
      await running.stop('SIGKILL');
      expect([mode, folder].map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([40, 40]);
    });
  }

  test.each([
    ['is a directory', (path: string) => mkdirSync(path), 'a directory'],
    ['is a FIFO that nobody writes to', fifo, 'a FIFO, socket or device'],
    ['is a device', () => undefined, 'a FIFO, socket or device'],
    ['is missing', () => undefined, 'no such file'],
  ])('K09 that %s is refused at once', async (what, make, found) => {
    const path = what === 'is a device' ? '/dev/zero' : join(temporaryFolder('key'), 'key.pem');
    make(path);
    expect(await expectRefused(FILE, { [FILE]: path })).toContain(`found ${path}: ${found}`);
  });

  test('K09 that this user may not read is refused', async () => {
    const { path, settings } = asFile(ecKeyText(), 0o000);
    chmodSync(dirname(path), 0o755);
    // Root may read everything, so it becomes nobody first.
    const nobody = process.getuid?.() === 0 ? '--import=data:text/javascript,process.seteuid(65534)' : '';
    const output = await expectRefused(FILE, { ...settings, NODE_OPTIONS: nobody });
    expect(output).toContain(`found ${path}: a file that this user may not read`);
  });

  test('K10 that names another key id than the setting is refused', async () => {
    const { path, settings } = asFile(ecKeyText());
    const output = await expectRefused(ID, { ...settings, [ID]: 'KOTHERKEYPAIR' });
    expect(output).toContain(`found KOTHERKEYPAIR, while ${path} says Key-Pair-Id: K2JCJMDEHXQW5F`);
  });

  test('K10 whose two halves do not belong together is refused', async () => {
    const output = await expectRefused(FILE, asFile(damaged(ecKeyText())).settings);
    expect(output).toContain('a damaged key: it cannot verify its own signature');
  });
});

describe('K12 key material is shown nowhere', () => {
  const pem = ecKeyText();
  const half = pem.slice(0, Math.floor(pem.length / 2));
  type Row = readonly [
    what: string,
    setting: string,
    changes: () => Readonly<Record<string, string | undefined>>,
  ];
  const SHOWN: readonly Row[] = [
    ['half a key', FILE, () => asFile(half).settings],
    ['a key with a character that is none', FILE, () => asFile(pem.replace(/M/, '*')).settings],
    ['two keys', FILE, () => asFile(pem + pem).settings],
    ['a key under another name', FILE, () => asFile(pem.replaceAll('PRIVATE KEY', 'SECRET KEY')).settings],
    ['the key in the place of its file', FILE, () => ({ [FILE]: pem })],
    ['the key in the place of its id', ID, () => ({ [ID]: pem })],
    ['half a key in the place of its id', ID, () => ({ [ID]: half })],
    ['the key as the lifetime', 'GRANT_TTL_SECONDS', () => ({ GRANT_TTL_SECONDS: pem })],
    ['the key as an origin', 'APP_ORIGINS', () => ({ APP_ORIGINS: pem })],
    ['the key as the distribution', 'CLOUDFRONT_DOMAIN', () => ({ CLOUDFRONT_DOMAIN: pem })],
    ['the key as the database', 'DATABASE_URL', () => ({ DATABASE_URL: pem })],
    ['the key as the level of the log', 'LOG_LEVEL', () => ({ LOG_LEVEL: pem })],
    ['the key without lines as the level of the log', 'LOG_LEVEL', () => ({ LOG_LEVEL: flat(pem) })],
  ];
  const SAMPLE = [
    'half a key',
    'two keys',
    'the key in the place of its file',
    'the key in the place of its id',
    'the key as the database',
    'the key without lines as the level of the log',
  ];
  test.each(sampled(SHOWN, SAMPLE))('K12 %s, at trace level', async (_what, setting, changes) => {
    const { settings, output } = await startWith({ LOG_LEVEL: 'trace', NODE_DEBUG: '', ...changes() });
    expect(new Set(settings)).toEqual(new Set([setting]));
    expect(runsOf(pem, output)).toEqual([]);
  });

  test('K12 a key that was pasted into .env without quotes', async () => {
    const folder = temporaryFolder('env');
    writeFileSync(join(folder, '.env'), `CLOUDFRONT_PRIVATE_KEY=${pem}`);
    const { code, stdout, stderr } = await runHere(run, ['--check'], { NODE_ENV: 'development' }, folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\.env|CLOUDFRONT_PRIVATE_KEY/m);
    expect(runsOf(pem, `${stdout}${stderr}`)).toEqual([]);
  });
});

describe('K: settings', () => {
  const WRONG = {
    GRANT_MAX_TTL_SECONDS: '3600s',
    GRANT_TTL_SECONDS: '1e3',
    GRANT_LIMIT_PER_VIEWER: '-1',
    PORT: 'http',
    COOKIE_SECURE: 'yes',
    COOKIE_SAME_SITE: 'lax ',
    CLOUDFRONT_HASH_ALGORITHM: 'MD5',
    LOG_LEVEL: 'loud',
    API_DOCS: '1',
    DRAIN_SECONDS: '2.5',
  };

  test('K15 of a wrong type or with a unit are refused, all at once, one line each', async () => {
    const { code, seconds, settings, output } = await startWith(WRONG, true);
    expect(code).toBe(1);
    expect(seconds).toBeLessThan(3);
    expect(settings.toSorted()).toEqual(Object.keys(WRONG).toSorted());
    expect(output).not.toContain(OPERATED_SECRET);
  });

  test('K15 that do not exist are refused in .env, each with the name that was meant', async () => {
    const folder = temporaryFolder('env');
    writeFileSync(join(folder, '.env'), 'MAX_TTL=3600\nGRANT_TTL_SECOND=60\n');
    const { code, stderr } = await runHere(run, ['--check'], { NODE_ENV: 'development' }, folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^MAX_TTL: expected a name of docs\/settings\.md; found an unknown name in .*\/\.env, line 1;/m,
    );
    expect(stderr).toMatch(/^GRANT_TTL_SECOND: .*; write GRANT_TTL_SECONDS$/m);
  });

  test('K15 that are nearly one draw a warning in the environment, where platforms have names of their own', async () => {
    const { output } = await startWith({ GRANT_TTL_SECOND: '60', MAX_TTL: '3600', PORT: 'http' });
    expect(output.split('\n').filter((line) => /TTL/.test(line))).toEqual([
      expect.stringContaining('GRANT_TTL_SECONDS'),
    ]);
  });
});

function fingerprintOf(pem: string): string {
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  const hex = createHash('sha256').update(spki).digest('hex');
  return hex.match(/../g)?.join(':') ?? '';
}

function publicPem(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
}

function without(pem: string, line: number): string {
  return pem
    .split('\n')
    .filter((_, index) => index !== line)
    .join('\n');
}

function flat(pem: string): string {
  return pem.replace(/-----[^-]*-----|\s/g, '');
}

/** One bit of the private number is flipped; the public point beside it stays. */
function damaged(pem: string): string {
  const der = createPrivateKey(pem).export({ type: 'sec1', format: 'der' });
  const at = der.length - 90;
  der[at] = (der[at] ?? 0) ^ 1;
  return `-----BEGIN EC PRIVATE KEY-----\n${der.toString('base64')}\n-----END EC PRIVATE KEY-----\n`;
}

function fifo(path: string): void {
  execFileSync('mkfifo', [path]);
}
