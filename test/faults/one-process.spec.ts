import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { run as runAudit } from '../../src/cli/audit.command.js';
import { run as runKeys } from '../../src/cli/keys.command.js';
import { freePort } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import { runEdgepass, startEdgepass } from '../support/processes.js';
import { runHere } from '../support/run-here.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { evidence, injectedBy } from './evidence.js';

it('N11 a second process on the same SQLite file is refused with the reason; the first one serves on', async () => {
  const folder = temporaryFolder('one-process');
  await runHere(runKeys, ['ecdsa', '--out', join(folder, 'cloudfront-private-key.pem')]);
  const file = join(folder, 'edgepass.sqlite');
  const environment = {
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://www.media.example.com',
    CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CLOUDFRONT_PRIVATE_KEY_FILE: join(folder, 'cloudfront-private-key.pem'),
    AUTH_SECRET: 'a secret of thirty-two bytes or more',
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_AUDIENCE: 'media',
    DATABASE_URL: `sqlite:${file}`,
    TRUSTED_PROXIES: '127.0.0.1',
    DRAIN_SECONDS: '0',
    DATA_DIR: join(folder, 'data'),
  };
  const port = await freePort();
  const first = startEdgepass(['api'], { cwd: folder, environment: { ...environment, PORT: String(port) } });
  await first.waitForLine('"listening"');

  const line = `DATABASE_URL: expected an SQLite file that this user can write and no other process has open; found ${file}, which another process has open; stop that process, or use postgres:// for several\n`;
  const second = await runEdgepass(['api'], {
    cwd: folder,
    environment: { ...environment, PORT: String(await freePort()) },
  });
  expect([second.code, second.stderr]).toEqual([1, line]);
  const reader = await runHere(runAudit, ['export'], environment, folder);
  expect([reader.code, reader.stderr, reader.stdout]).toEqual([1, line, '']);

  expect((await send(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
  injectedBy('a second `edgepass api`, and `edgepass audit export`, on the file of the first');
  evidence('both exit 1 with one line that names the file; the first ready');
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  const afterwards = await runHere(runAudit, ['export'], environment, folder);
  expect(afterwards).toMatchObject({ code: 0, stdout: '' });
  expect(afterwards.stderr).toMatch(
    /^edgepass audit: complete up to \S+Z; begin the next export with --since \S+Z\n$/,
  );
}, 60_000);
