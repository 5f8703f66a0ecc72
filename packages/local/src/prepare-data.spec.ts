import { expect, it } from '@jest/globals';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import type { LocalSettings } from './local-settings.js';
import type { LocalPart } from './parts.js';
import { prepareData } from './prepare-data.js';

it('needs the real key for a real distribution', async () => {
  const folder = temporaryFolder('prepare');
  const settings: LocalSettings = {
    host: '127.0.0.1',
    apiPort: null,
    publicUrl: { origin: 'http://local.example.com:3001', basePath: '' },
    appOrigins: ['http://www.example.com'],
    trustedProxies: [],
    cloudFrontUrl: 'http://cdn.example.com',
    tls: null,
    signingKeyFile: null,
    readPublicHalf: () => null,
    dataDir: folder,
    isDemo: false,
    apiDocs: true,
  };
  const api: LocalPart = {
    setting: 'PUBLIC_URL',
    origin: 'http://local.example.com:3001',
    host: 'local.example.com',
    port: 3001,
    isHttps: false,
  };
  const behindEdge = { page: null, api: null };
  const parts = { page: null, api, edge: null, warnings: [], behindEdge };
  const clock = { nowEpochSeconds: () => 1_795_158_000 };

  await expect(prepareData(settings, parts, folder, true, clock)).rejects.toThrow(
    'CLOUDFRONT_PRIVATE_KEY_FILE: expected the private key whose public half http://cdn.example.com trusts; found nothing; name its file, or make a key pair with: edgepass keys ecdsa',
  );
});
