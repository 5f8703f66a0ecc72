import { expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { formatProblems, readSettings } from '../settings/read-settings.js';
import type { LocalPart } from './local-parts.js';
import { prepareData } from './prepare-data.js';

it('needs the real key for a real distribution', async () => {
  const read = readSettings({
    NODE_ENV: 'development',
    PUBLIC_URL: 'http://local.example.com:3001',
    APP_ORIGINS: 'http://www.example.com',
    CLOUDFRONT_DOMAIN: 'http://cdn.example.com',
    AUTH_SECRET: 'a secret that is long enough for tests',
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_AUDIENCE: 'media',
  });
  if ('problems' in read) throw new Error(formatProblems(read.problems));
  const api: LocalPart = {
    setting: 'PUBLIC_URL',
    origin: 'http://local.example.com:3001',
    host: 'local.example.com',
    port: 3001,
    isHttps: false,
  };
  const parts = { page: null, api, edge: null, warnings: [] };
  const clock = { nowEpochSeconds: () => 1_795_158_000 };

  await expect(prepareData(read.settings, parts, temporaryFolder('prepare'), true, clock)).rejects.toThrow(
    'CLOUDFRONT_PRIVATE_KEY_FILE: expected the private key whose public half http://cdn.example.com trusts; found nothing; name its file, or make a key pair with: edgepass keys rsa',
  );
});
