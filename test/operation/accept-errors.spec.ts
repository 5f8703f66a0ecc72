import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { JsonLogger } from '../../src/operation/json-logger.service.js';
import { startApi } from '../../src/operation/start-api.js';
import { readSettings } from '../../src/settings/read-settings.js';
import { freePort } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('a connection that the system does not accept is a line in the log, and the service goes on', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const read = readSettings({
    NODE_ENV: 'production',
    PORT: String(await freePort()),
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://app.example.com',
    CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CLOUDFRONT_PRIVATE_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    AUTH_SECRET: 'of this test alone: thirty-two bytes or more',
    AUTH_ISSUER: 'https://idp.example.com',
    AUTH_AUDIENCE: 'edgepass',
    DATABASE_URL: `sqlite:${join(temporaryFolder('accept'), 'edgepass.sqlite')}`,
  });
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  const lines: string[] = [];
  const api = await startApi(read.settings, {
    logger: new JsonLogger('info', { write: (line) => lines.push(line) }),
  });
  try {
    // What Node does when accept(2) fails, for example with ENFILE: net.Server emits an `error`.
    api.server.emit(
      'error',
      Object.assign(new Error('accept ENFILE'), { code: 'ENFILE', syscall: 'accept' }),
    );
    expect(
      lines.filter((line) => line.includes('ENFILE')).map((line) => JSON.parse(line) as object),
    ).toMatchObject([{ level: 50, msg: 'a connection could not be accepted', reason: 'ENFILE' }]);
    expect((await send(`${api.url}/health/live`)).status).toBe(200);
  } finally {
    await api.close();
  }
});
