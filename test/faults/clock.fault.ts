import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { send, type ClientResponse } from '../support/https-client.js';
import { entitleEveryone, OPERATED_SECRET, startOperatedApi } from '../support/operated-api.js';
import { describeWith, requireTool } from '../support/required-tool.js';
import { AUDIENCE, compactJws, hs256, ISSUER } from '../support/token-issuer.js';
import { evidence, injectedBy } from './evidence.js';
import { untilReadinessIs } from './readiness.js';
import { sqliteStage } from './sqlite-stage.js';

const HOUR_SECONDS = 3_600;
const IN_2038 = Date.UTC(2038, 0, 20) / 1000;

/** A running service whose wall clock, and no other, a test can set. */
async function startWithMovableClock() {
  const stage = sqliteStage('clock');
  const file = join(stage.folder, 'clock');
  const setTo = (offsetSeconds: number): void =>
    writeFileSync(file, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}\n`);
  setTo(0);
  const library = execFileSync(requireTool('faketime'), ['-f', '+0s', 'printenv', 'LD_PRELOAD'], {
    encoding: 'utf8',
  }).trim();
  const api = await startOperatedApi({
    ...stage,
    changes: {
      ...stage.changes,
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  });
  await entitleEveryone(api.url);
  return { api, setTo };
}

/** With a token that is good in any of these times. */
function ask(url: string): Promise<ClientResponse> {
  const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'u1', groups: [], exp: 4_000_000_000 };
  const token = compactJws({ alg: 'HS256', typ: 'JWT' }, payload, hs256(OPERATED_SECRET));
  return send(`${url}/grants`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ prefix: 'p', ttlSeconds: 900 }),
  });
}

const lifeOf = (answer: ClientResponse, nowEpochSeconds: number): number =>
  Math.round(Date.parse((answer.json() as { expiresAt: string }).expiresAt) / 1000 - nowEpochSeconds);

const now = (): number => Math.floor(Date.now() / 1000);

describeWith('faketime', 'a clock that is set while the service runs', () => {
  test.each([
    ['two hours back', () => -2 * HOUR_SECONDS],
    ['to 1970', () => 100 - now()],
  ])(
    'N37 %s: nothing is signed, not ready with clock_untrusted, alive; right again, it heals',
    async (how, offset) => {
      const { api, setTo } = await startWithMovableClock();
      expect((await ask(api.url)).status).toBe(201);
      injectedBy(`libfaketime with FAKETIME_TIMESTAMP_FILE: ${how}`);

      setTo(offset());
      await untilReadinessIs(api.url, 503);
      const ready = await send(`${api.url}/health/ready`);
      const refused = await ask(api.url);
      expect([ready, refused].map((answer) => (answer.json() as { code: string }).code)).toEqual([
        'clock_untrusted',
        'clock_untrusted',
      ]);
      expect([refused.status, refused.setCookies, refused.headers['retry-after']]).toEqual([503, [], '5']);
      expect((await send(`${api.url}/health/live`)).status).toBe(200);

      setTo(0);
      await untilReadinessIs(api.url, 200);
      expect((await ask(api.url)).status).toBe(201);
      evidence('503 clock_untrusted without a cookie; ready and 201 when the clock was right again');
      await api.process.stop();
    },
  );

  test.each([
    ['two hours forward', () => 2 * HOUR_SECONDS],
    ['a minute back', () => -59],
    ['to 2038', () => IN_2038 - now()],
  ])('N37 %s: grants go on, and end by the clock', async (how, offset) => {
    const { api, setTo } = await startWithMovableClock();
    injectedBy(`libfaketime with FAKETIME_TIMESTAMP_FILE: ${how}`);
    const seconds = offset();
    setTo(seconds);
    const answer = await ask(api.url);
    expect(answer.status).toBe(201);
    const life = lifeOf(answer, now() + seconds);
    expect(Math.abs(life - 900)).toBeLessThanOrEqual(2);
    expect((await send(`${api.url}/health/ready`)).status).toBe(200);
    evidence(
      `201, the policy ends ${(answer.json() as { expiresAt: string }).expiresAt}, ${life} s from the clock of the service`,
    );
    await api.process.stop();
  });
});
