import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { METRICS } from '../../src/app.module.js';
import { OperatingState } from '../../src/operation/operating-state.js';
import type { Metrics } from '../../src/operation/metrics/metrics.js';
import { listenForScrapes } from '../../src/operation/metrics/metrics-server.js';
import {
  onEveryDatabase,
  startTestApi,
  TEST_AUTHENTICATION,
  TEST_KEY_PAIR_ID,
  type TestApi,
} from '../support/api.js';
import { send } from '../support/https-client.js';
import { signedBearer, startIssuer, type Issuer } from '../support/issuer.js';
import { samplesOf, type Samples } from '../support/scrape.js';
import { ecKey, type TestKey } from '../support/token-issuer.js';
import { IS_WHOLE } from '../support/whole.js';

/** `npm run whole` has more of them. */
const INVENTED = IS_WHOLE ? 250 : 50;

const metricsOf = (api: TestApi): Metrics => {
  const metrics = api.app.get<Metrics | null>(METRICS, { strict: false });
  if (metrics === null) throw new Error('expected METRICS_PORT to make metrics');
  return metrics;
};
const read = async (api: TestApi): Promise<Samples> => samplesOf(await metricsOf(api).text());

/** How much a sample has grown while something happened; the answers of supertest may close a little later. */
async function growthOf(api: TestApi, sample: string, act: () => Promise<unknown>): Promise<number> {
  const before = (await read(api)).get(sample) ?? 0;
  await act();
  await new Promise((resolve) => setImmediate(resolve));
  return ((await read(api)).get(sample) ?? 0) - before;
}

onEveryDatabase(
  'metrics',
  (api, database) => {
    test('grants are counted by outcome and code', async () => {
      await api().give({ subject: 'user:m1', prefix: 'm' });
      expect(
        await growthOf(api(), 'edgepass_grants_total{outcome="granted",code="none"}', () =>
          api().ask('m', { sub: 'm1' }).expect(201),
        ),
      ).toBe(1);
      expect(
        await growthOf(api(), 'edgepass_grants_total{outcome="refused",code="not_entitled"}', () =>
          api().ask('m', { sub: 'nobody' }).expect(403),
        ),
      ).toBe(1);
    });

    test('signed URLs are counted by outcome and code, apart from grants of cookies', async () => {
      await api().give({ subject: 'user:m4', prefix: 'm' });
      const ask = (sub: string) =>
        api().http.post('/signed-urls').set('Authorization', api().bearer(sub)).send({ path: 'm/a.mp4' });
      const granted = (await read(api())).get('edgepass_grants_total{outcome="granted",code="none"}');
      expect(
        await growthOf(api(), 'edgepass_signed_urls_total{outcome="granted",code="none"}', () =>
          ask('m4').expect(201),
        ),
      ).toBe(1);
      expect(
        await growthOf(api(), 'edgepass_signed_urls_total{outcome="refused",code="not_entitled"}', () =>
          ask('nobody').expect(403),
        ),
      ).toBe(1);
      expect((await read(api())).get('edgepass_grants_total{outcome="granted",code="none"}')).toBe(granted);
    });

    test('a grant that could not be recorded is a failed one', async () => {
      await api().give({ subject: 'user:m2', prefix: 'm' });
      await api().database.queries.schema.alterTable('grants').renameTo('grants_away').execute();
      const grown = await growthOf(
        api(),
        'edgepass_grants_total{outcome="failed",code="audit_unavailable"}',
        () => api().ask('m', { sub: 'm2' }).expect(503),
      );
      await api().database.queries.schema.alterTable('grants_away').renameTo('grants').execute();
      expect(grown).toBe(1);
    });

    test('refusals are counted by code and reason, also those before a route', async () => {
      const token = 'edgepass_refusals_total{code="token_missing",reason="no_header_no_cookie"}';
      const path = 'edgepass_refusals_total{code="not_found",reason="not_found"}';
      expect(await growthOf(api(), token, () => api().http.get('/grants').expect(401))).toBe(1);
      expect(await growthOf(api(), path, () => api().http.get('/nowhere').expect(404))).toBe(1);
    });

    test('durations stand under the route of the code, whatever the caller wrote', async () => {
      await api().http.get('/health/live');
      for (const path of ['/a', '/b?x=1', '/admin/entitlements/1']) await api().http.get(path);
      await api().http.delete('/admin/entitlements/1');
      await new Promise((resolve) => setImmediate(resolve));
      const routes = [...(await read(api())).keys()].flatMap(
        (name) => /^edgepass_request_duration_seconds_count\{.*route="([^"]*)"/.exec(name)?.[1] ?? [],
      );
      expect(new Set(routes)).toEqual(
        new Set(['/grants', '/signed-urls', '/health/live', '/admin/entitlements/:id', 'unmatched']),
      );
    });

    test('the wait for the database, the queue, the delay of the loop and the build are there', async () => {
      await api().give({ subject: 'user:m3', prefix: 'm' });
      const wait = 'edgepass_database_wait_seconds_count{statement="grant",outcome="ok"}';
      expect(await growthOf(api(), wait, () => api().ask('m', { sub: 'm3' }).expect(201))).toBe(1);

      const samples = await read(api());
      expect(samples.get('edgepass_signing_queue')).toBe(0);
      expect(samples.get('edgepass_requests_in_flight')).toBe(0);
      expect(samples.get('edgepass_draining')).toBe(0);
      expect(samples.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
      expect(
        samples.get(`edgepass_build_info{version="0.1.0",database="${database}",hash_algorithm="SHA1"}`),
      ).toBe(1);
      expect(
        samples.get(`edgepass_signing_key_info{key_pair_id="${TEST_KEY_PAIR_ID}",type="RSA-2048"}`),
      ).toBe(1);
    });

    test('a degraded instance says so', async () => {
      const state = api().app.get(OperatingState, { strict: false });
      state.degrade('signing_key_file');
      expect((await read(api())).get('edgepass_degraded{cause="signing_key_file"}')).toBe(1);
      state.recover('signing_key_file');
      expect((await read(api())).get('edgepass_degraded{cause="signing_key_file"}')).toBe(0);
    });

    test(`${2 * INVENTED} paths and broken tokens of a caller add no label`, async () => {
      const call = (index: number) =>
        api().http.get(`/path-${index}?q=${index}`).set('Authorization', `Bearer ${index}.x.y`);
      await Promise.all([call(0), api().http.get('/grants').set('Authorization', 'Bearer 0.x.y')]);
      await new Promise((resolve) => setImmediate(resolve));
      const before = new Set((await read(api())).keys());
      await Promise.all(Array.from({ length: INVENTED }, (_, index) => call(index + 1)));
      await Promise.all(
        Array.from({ length: INVENTED }, (_, index) =>
          api().http.get('/grants').set('Authorization', `Bearer ${index}.x.y`),
        ),
      );
      await new Promise((resolve) => setImmediate(resolve));
      const ours = [...(await read(api())).keys()].filter((name) => name.startsWith('edgepass_'));
      expect(ours.filter((name) => !before.has(name))).toEqual([]);
    });

    test('K13: no viewer, prefix, path or setting is in the text', async () => {
      await api().give({ subject: 'user:canary-viewer', prefix: 'canary-prefix' });
      await api().ask('canary-prefix', { sub: 'canary-viewer' }).expect(201);
      await api().http.get('/canary-path').expect(404);
      expect(await metricsOf(api()).text()).not.toMatch(/canary|secret|example\.com|postgres:/);
    });

    describe('the port of its own', () => {
      test('gives the text at /metrics and nothing else, and the API does not', async () => {
        const server = await listenForScrapes(metricsOf(api()), '127.0.0.1', 0);
        try {
          const { port } = server.address() as { port: number };
          const answer = await send(`http://127.0.0.1:${port}/metrics`);
          expect([answer.status, answer.headers['content-type']]).toEqual([
            200,
            'text/plain; version=0.0.4; charset=utf-8',
          ]);
          expect(answer.text()).toContain('# TYPE edgepass_grants_total counter');
          expect((await send(`http://127.0.0.1:${port}/grants`)).status).toBe(404);
          expect((await send(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405);
          await api().http.get('/metrics').expect(404);
        } finally {
          server.close();
        }
      });
    });
  },
  { metricsPort: 9090 },
);

/** The names in the first column of the table of docs/metrics.md. */
const DOCUMENTED = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `edgepass_'))
  .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/edgepass_\w+/g)].map(([name]) => name));

describe('where issuer keys are fetched', () => {
  let issuer: Issuer;
  let api: TestApi;
  beforeAll(async () => {
    issuer = await startIssuer();
    const keys = { kind: 'jwks', url: issuer.url } as const;
    const authentication = { ...TEST_AUTHENTICATION, keys, algorithms: ['ES256'] };
    api = await startTestApi('sqlite', { authentication, metricsPort: 9090 });
  });
  afterAll(async () => {
    await api.close();
    await issuer.stop();
  });

  test('docs/metrics.md has each metric of ours, and no other', async () => {
    const text = await metricsOf(api).text();
    const counted = [...text.matchAll(/^# TYPE (edgepass_\w+)/gm)].map(([, name]) => name);
    expect(new Set(counted)).toEqual(new Set(DOCUMENTED));
    expect(counted).toHaveLength(DOCUMENTED.length);
  });

  test('their age is there, and whether the latest download failed', async () => {
    const key = ecKey('first');
    issuer.publish(key);
    const state = async (): Promise<readonly unknown[]> => {
      const samples = await read(api);
      return ['edgepass_jwks_age_seconds', 'edgepass_jwks_failing'].map((name) => samples.get(name));
    };
    const ask = (by: TestKey) =>
      api.http.get('/grants').set('Authorization', signedBearer(by, api.clock.nowEpochSeconds()));
    // The first set, of the start, may have failed.
    api.clock.forward(30);
    await ask(key).expect(200);
    expect(await state()).toEqual([0, 0]);
    await issuer.stop();
    api.clock.forward(600);
    // A key that is not held: the answer waits for the download.
    await ask(ecKey('second')).expect(503);
    expect(await state()).toEqual([600, 1]);
  });
});
