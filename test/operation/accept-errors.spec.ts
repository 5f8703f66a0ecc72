import { generateKeyPairSync } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeStartFailure } from '../../src/cli/start-failure.js';
import { JsonLogger } from '../../src/operation/json-logger.service.js';
import { startApi } from '../../src/operation/start-api.js';
import { readSettings } from '../../src/settings/read-settings.js';
import type { Settings } from '../../src/settings/settings.js';
import { freePort } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Settings of a deployment in production, changed where a test says so. */
async function settingsWith(changes: Readonly<Record<string, string>> = {}): Promise<Settings> {
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
    ...changes,
  });
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.settings;
}

test.each(['PORT', 'METRICS_PORT'])(
  '%s that is taken stops the start, with one line that names it',
  async (setting) => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as AddressInfo;
    const settings = await settingsWith({ [setting]: String(port) });
    const logger = new JsonLogger('info', { write: () => undefined });
    const failure = await startApi(settings, { logger }).then(() => 'it has started', describeStartFailure);
    await new Promise((done) => other.close(done));
    expect(failure).toBe(
      `${setting}: expected port ${port} to be free; found another program on it; stop that program (\`lsof -i :${port}\` names it) or set ${setting} to another port`,
    );
  },
);

test('a connection that the system does not accept is a line in the log, and the service goes on', async () => {
  const lines: string[] = [];
  const api = await startApi(await settingsWith(), {
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
