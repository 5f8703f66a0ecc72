import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { METRICS } from '../../src/app.module.js';
import { GrantsService } from '../../src/grants/grants.service.js';
import type { Metrics } from '../../src/operation/metrics/metrics.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { askForGrant, entitleEveryone, startOperatedApi } from '../support/operated-api.js';
import { samplesOf } from '../support/scrape.js';
import { setCookieLines } from '../support/set-cookie-lines.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX, startGrantLoad } from './grant-load.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

const HOOK = pathToFileURL(join('test', 'faults', 'break-on-signal.mjs')).href;

describe('an error that nobody foresaw', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi('sqlite', { metricsPort: 9090 });
    await api.give({ subject: 'user:u1', prefix: 'courses' });
  });
  afterAll(() => api.close());
  const countOf = async (): Promise<number> => {
    const text = await api.app.get<Metrics>(METRICS, { strict: false }).text();
    // One sample for each reason.
    return [...samplesOf(text)]
      .filter(([name]) => name.startsWith('edgepass_refusals_total{code="internal"'))
      .reduce((sum, [, count]) => sum + count, 0);
  };

  it.each([
    [
      'thrown',
      () => {
        throw new Error('the canary of a thrown error');
      },
    ],
    ['rejected', () => Promise.reject(new Error('the canary of a rejection'))],
    [
      'thrown that is no Error',
      () => {
        throw 'the canary of a text';
      },
    ],
  ])('N45 %s in a handler is 500 with an id only, counted, and its reason in the log', async (how, act) => {
    const before = await countOf();
    const grants = api.app.get(GrantsService, { strict: false });
    const grant = jest.spyOn(grants, 'grant').mockImplementationOnce(act);
    injectedBy(`${how} by GrantsService.grant`);

    const answer = await api.ask('courses');
    grant.mockRestore();

    const { instance, ...rest } = answer.body as { instance: string };
    expect([answer.status, rest]).toEqual([
      500,
      { type: 'urn:edgepass:error:internal', title: expect.any(String), status: 500, code: 'internal' },
    ]);
    expect(instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(setCookieLines(answer)).toEqual([]);
    const lines = api.log.filter((line) => line.includes(instance.slice('urn:uuid:'.length)));
    expect(lines).toHaveLength(1);
    expect((await countOf()) - before).toBe(1);
    await api.ask('courses').expect(201);
    evidence('500 internal with its id, one line in the log, counted; the next grant 201');
  });

  it('N45 outside any request is logged once, requests are finished, and the exit code is 1', async () => {
    const stage = sqliteStage('unexpected');
    const operated = await startOperatedApi({
      ...stage,
      changes: { ...stage.changes, NODE_OPTIONS: `--import ${HOOK}`, DRAIN_SECONDS: '1' },
    });
    await entitleEveryone(operated.url, LOAD_PREFIX);
    const received = new ReceivedCookies();
    injectedBy(
      'a promise that is rejected, then an error thrown, in timers of the process, under 50 grants/s',
    );
    const load = startGrantLoad({ url: operated.url, perSecond: 50, received });
    await askForGrant(operated.url, 'u1', LOAD_PREFIX);

    operated.process.child.kill('SIGUSR2');
    await operated.process.waitForLine('an error that nobody caught');
    const whileDraining = await askForGrant(operated.url, 'u1', LOAD_PREFIX);
    expect(whileDraining.status).toBe(201);
    expect(await operated.process.ended).toEqual({ code: 1, signal: null });
    await load.stop();

    const lines = operated.process
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"level":60'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      reason: 'unexpected_error',
      error: { name: 'Error', message: 'the first' },
    });
    expect(operated.process.stderr()).toBe('');
    evidence(`logged once, drained for 1 s, exit 1; ${expectRowsForAll(received, stage)}`);
  });
});
