import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { send, type ClientResponse } from '../support/https-client.js';
import { signedBearer, startIssuer } from '../support/issuer.js';
import { keyFile, launchOperatedApi } from '../support/operated-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';
import { ecKey, type TestKey } from '../support/token-issuer.js';
import { evidence, injectedBy } from './evidence.js';
import { untilReadinessIs } from './readiness.js';

const key = ecKey('issuer-1');
const PREFIX = 'courses';

function call(url: string, method: string, body: object, by: TestKey, groups: readonly string[] = []) {
  const authorization = signedBearer(by, Math.floor(Date.now() / 1000), { groups });
  return send(url, {
    method,
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const codeOf = (answer: ClientResponse): string => (answer.json() as { code: string }).code;

test('N26 without its issuer the process starts, lives, and is not ready: 503 keys_unavailable, never 401; ready by itself when the issuer is there', async () => {
  injectedBy('a real process over https; nobody listens on the port of the key set');
  const folder = temporaryFolder('issuer-start');
  keyFile(folder);
  const certificates = await makeTestCertificates(['localhost']);
  const issuer = await startIssuer(certificates);
  issuer.publish(key);
  await issuer.stop();
  const api = await launchOperatedApi({
    folder,
    databaseUrl: `sqlite:${join(folder, 'edgepass.sqlite')}`,
    changes: { AUTH_SECRET: '', AUTH_JWKS_URL: issuer.url, NODE_EXTRA_CA_CERTS: certificates.caFile },
  });
  await api.process.waitForLine('"listening"');

  expect((await send(`${api.url}/health/live`)).status).toBe(200);
  const probe = await send(`${api.url}/health/ready`);
  expect([probe.status, codeOf(probe)]).toEqual([503, 'keys_unavailable']);
  const refused = await call(`${api.url}/grants`, 'POST', { prefix: PREFIX }, key);
  expect([refused.status, codeOf(refused), refused.setCookies]).toEqual([503, 'keys_unavailable', []]);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(30);

  await issuer.listen();
  const milliseconds = await untilReadinessIs(api.url, 200);
  // The pauses so early are 1, 2 and 4 s.
  expect(milliseconds).toBeLessThan(9_000);
  const put = { subject: 'everyone', prefix: PREFIX };
  expect((await call(`${api.url}/admin/entitlements`, 'PUT', put, key, ['admins'])).status).toBe(201);
  expect((await call(`${api.url}/grants`, 'POST', { prefix: PREFIX }, key)).status).toBe(201);
  const stranger = await call(`${api.url}/grants`, 'POST', { prefix: PREFIX }, ecKey('issuer-1'));
  expect([stranger.status, codeOf(stranger)]).toEqual([401, 'token_invalid']);
  // One line for the outage, one for its end; probes and refusals leave none of a lasting state.
  const about = api.process
    .stdout()
    .split('\n')
    .filter((line) => line.includes('the keys of access tokens'));
  expect(about.map((line) => (JSON.parse(line) as { reason?: string }).reason)).toEqual([
    'jwks_unreachable',
    undefined,
  ]);
  expect(await api.process.stop()).toEqual({ code: 0, signal: null });
  await issuer.stop();
  evidence(
    `live 200, ready 503, grant 503 keys_unavailable; ready ${(milliseconds / 1000).toFixed(1)} s after the issuer came`,
  );
});
