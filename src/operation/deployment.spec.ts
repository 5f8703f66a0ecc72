import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ecKeyText } from '../../test/support/key-texts.js';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { loadDeployment, StartProblem } from './deployment.js';
import { formatProblems, readSettings } from '../settings/read-settings.js';

const keyText = ecKeyText();
const ID = 'K2JCJMDEHXQW5F';
const EXPECTED_KEY = 'expected an RSA-2048 or ECDSA P-256 private key as PEM';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-load-'));
  file = join(folder, 'cloudfront.pem');
  writeFileSync(file, keyText, { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts with the settings of production and a key file, changed where a test says so; gives all that the operator reads. */
async function load(changes: Readonly<Record<string, string>> = {}): Promise<{
  readonly warnings: readonly string[];
  readonly refusal: readonly string[];
}> {
  const read = readSettings({
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://app.example.com',
    CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: ID,
    CLOUDFRONT_PRIVATE_KEY_FILE: file,
    AUTH_SECRET: 'a secret that is long enough for tests',
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_AUDIENCE: 'media',
    DATABASE_URL: `sqlite:${join(folder, 'edgepass.sqlite')}`,
    ...changes,
  });
  if ('problems' in read) throw new Error(formatProblems(read.problems));
  try {
    const { cloudFront, warnings } = await loadDeployment(read.settings);
    const service = new CloudFrontService(cloudFront);
    await service.onModuleInit();
    await service.close();
    return { warnings: [...warnings, ...service.warnings], refusal: [] };
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error;
    return { warnings: [], refusal: formatProblems(error.problems).split('\n') };
  }
}

describe('a key file that cannot sign is named by its setting and its path', () => {
  it('when it holds no key', async () => {
    writeFileSync(file, 'changeme');
    expect((await load()).refusal).toEqual([
      `CLOUDFRONT_PRIVATE_KEY_FILE: ${EXPECTED_KEY}; found ${file}: a text that is no PEM; give the whole PEM, BEGIN and END lines included`,
    ]);
  });

  it('when it and the setting name two ids', async () => {
    writeFileSync(file, `Key-Pair-Id: KOTHER\n${keyText}`);
    expect((await load()).refusal).toEqual([
      `CLOUDFRONT_KEY_PAIR_ID: expected the id of the public key in CloudFront, letters and digits, such as K2JCJMDEHXQW5F; found ${ID}, while ${file} says Key-Pair-Id: KOTHER; remove CLOUDFRONT_KEY_PAIR_ID, so that id and key change together`,
    ]);
  });

  it('when no id is named anywhere', async () => {
    expect((await load({ CLOUDFRONT_KEY_PAIR_ID: '' })).refusal).toEqual([
      `CLOUDFRONT_KEY_PAIR_ID: expected the id of the public key in CloudFront, letters and digits, such as K2JCJMDEHXQW5F; found nothing; set CLOUDFRONT_KEY_PAIR_ID, or begin ${file} with the line Key-Pair-Id: K…`,
    ]);
  });

  it('when it cannot be read, beside everything else that cannot work', async () => {
    rmSync(file);
    const { refusal } = await load({ CLOUDFRONT_DOMAIN: 'd111.cloudfront.net' });
    expect(refusal.map((line) => line.split(':')[0])).toEqual([
      'CLOUDFRONT_DOMAIN',
      'CLOUDFRONT_PRIVATE_KEY_FILE',
    ]);
    expect(refusal[1]).toContain(`found ${file}: no such file;`);
  });
});

describe('a wrong key that is given as a text', () => {
  it('is named by its own setting', async () => {
    const { refusal } = await load({
      CLOUDFRONT_PRIVATE_KEY: 'changeme',
      CLOUDFRONT_PRIVATE_KEY_FILE: '',
    });
    expect(refusal).toEqual([
      `CLOUDFRONT_PRIVATE_KEY: ${EXPECTED_KEY}; found a text that is no PEM; give the whole PEM, BEGIN and END lines included`,
    ]);
  });
});

describe('no key at all', () => {
  it('asks for a file', async () => {
    const { refusal } = await load({
      NODE_ENV: 'development',
      CLOUDFRONT_KEY_PAIR_ID: '',
      CLOUDFRONT_PRIVATE_KEY_FILE: '',
    });
    expect(refusal).toEqual([
      'CLOUDFRONT_PRIVATE_KEY_FILE: expected the private key that signs; found nothing; make one with: edgepass keys ecdsa --out FILE (npm start makes its own)',
    ]);
  });
});

describe('what works but deserves attention', () => {
  it('is said once, in the names of the settings', async () => {
    expect(await load({ COOKIE_DOMAIN: 'example.com' })).toEqual({
      refusal: [],
      warnings: [
        'COOKIE_DOMAIN=example.com is wider than needed: left unset, the cookies reach media.example.com and what is below it',
        'the cookies get Domain=example.com, the registrable domain itself: every host below it receives them, cdn.staging.example.com too; apart they are as api.media.example.com and cdn.media.example.com',
      ],
    });
  });

  it('is nothing for a key that its group may read, as in Kubernetes', async () => {
    chmodSync(file, 0o440);
    expect(await load()).toEqual({ refusal: [], warnings: [] });
  });

  it('names the mode of a key file that everybody may read, outside of production', async () => {
    chmodSync(file, 0o444);
    const { refusal, warnings } = await load({ NODE_ENV: 'test' });
    expect([refusal, warnings.length]).toEqual([[], 1]);
    expect(warnings[0]).toContain(`${file}: found mode 0444: every user may read the key; run: chmod 600`);
  });
});
