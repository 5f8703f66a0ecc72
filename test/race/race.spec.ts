import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { expect, test } from '@jest/globals';
import { Secret } from '../../src/settings/secret.js';
import type { Settings } from '../../src/settings/settings.js';
import { NOW_EPOCH_SECONDS, startTestApi } from '../support/api.js';
import { createMigratedDatabase } from '../support/migrated-database.js';
import { AUDIENCE, ISSUER } from '../support/token-issuer.js';
import { IS_WHOLE } from '../support/whole.js';
import { runRaces } from './race.js';

const SECRET = 'a secret of the races, thirty-two bytes or more';
/** `npm run race` has as many as one likes. */
const RACES = IS_WHOLE ? 60 : 20;
const LONGEST_MILLISECONDS = 120_000;

const THREADS = { signsOnThreads: true };

const changes: Partial<Settings> = {
  logLevel: 'silent',
  authentication: {
    mode: 'jwt',
    keys: { kind: 'secret', secret: new Secret(SECRET) },
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['HS256'],
    cookie: null,
    viewerClaim: 'sub',
    groupsClaim: 'groups',
    adminGroup: 'admins',
  },
};

async function listening(app: NestExpressApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}

function race(instances: readonly string[]) {
  return runRaces({
    instances,
    tokens: { secret: SECRET, issuer: ISSUER, audience: AUDIENCE },
    nowEpochSeconds: () => NOW_EPOCH_SECONDS,
    adminGroup: 'admins',
    races: RACES,
    atOnce: 8,
    longestSeconds: 60,
  });
}

const KEPT = { races: RACES, late: 0, missed: 0, faults: [] };

test(
  'no grant begins after its right was taken away, and openGrants misses none: two instances on PostgreSQL (N49)',
  async () => {
    const server = await createMigratedDatabase();
    const database = { kind: 'postgres', url: new Secret(server.url) } as const;
    const apis = await Promise.all(
      [1, 2].map(() => startTestApi('sqlite', { ...changes, database }, THREADS)),
    );
    const result = await race(await Promise.all(apis.map(({ app }) => listening(app))));
    await Promise.all(apis.map((api) => api.close()));
    await server.drop();
    expect(result).toMatchObject({ ...KEPT, afterwards: 2 * RACES });
    // Both outcomes happened: these were races.
    expect(Math.min(result.given, result.refused)).toBeGreaterThan(RACES / 10);
  },
  LONGEST_MILLISECONDS,
);

test(
  'no grant begins after its right was taken away, and openGrants misses none: SQLite',
  async () => {
    const api = await startTestApi('sqlite', changes, THREADS);
    const result = await race([await listening(api.app)]);
    await api.close();
    expect(result).toMatchObject({ ...KEPT, afterwards: RACES });
  },
  LONGEST_MILLISECONDS,
);
