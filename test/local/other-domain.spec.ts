import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningProcess } from '../support/processes.js';
import { describeWith } from '../support/required-tool.js';
import { makePlace, RUNNING, type Place } from './stack.js';

const SECRET = 'a secret that is long enough for tests';

let place: Place;
let stack: RunningProcess;

beforeAll(async () => {
  place = await makePlace('media.example.test');
  stack = place.start([], {
    AUTH_MODE: 'jwt',
    AUTH_SECRET: SECRET,
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_AUDIENCE: 'media',
  });
  await stack.waitForLine(RUNNING);
}, 30_000);
afterAll(async () => {
  await stack.stop();
  place.remove();
});

/** An access token of an issuer that is the test itself. */
function token(): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'u1', iss: 'https://issuer.example.com', aud: 'media', iat: now, exp: now + 60 })}`;
  return `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`;
}

describe('edgepass start with addresses of another domain and a sign-in of your own', () => {
  it('starts API and edge over HTTPS, and leaves the page to your own frontend', async () => {
    expect(stack.stdout().split('\n').slice(2, 5)).toEqual([
      `  page   ${place.app}   (yours: name its dev server with --app URL)`,
      `  API    ${place.api}   its documentation: /docs`,
      `  edge   ${place.cdn}   stands in for CloudFront + S3`,
    ]);
    expect((await place.get(`${place.api}/health/live`)).status).toBe(200);
    await expect(place.get(place.app)).rejects.toThrow('ECONNREFUSED');
  });

  it('has an authority for exactly those hosts', () => {
    expect(stack.stdout()).toContain(
      'It can vouch for api.media.example.test, cdn.media.example.test and nothing else:',
    );
    const leaf = new X509Certificate(readFileSync(join(place.dataDir, 'tls/leaf.pem')));
    expect(leaf.subjectAltName).toBe('DNS:api.media.example.test, DNS:cdn.media.example.test');
  });

  it('has no demo sign-in', async () => {
    const answer = await place.get(`${place.api}/demo/sign-in`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"user":"alice"}',
    });
    expect(answer.status).toBe(404);
  });

  it('says that these names need the hosts file', () => {
    expect(stack.stdout()).toContain(
      "These hosts need a line in the hosts file:\n  echo '127.0.0.1 api.media.example.test cdn.media.example.test' | sudo tee -a /etc/hosts\n",
    );
  });
});

describeWith('curl', 'the transcript for a sign-in of your own', () => {
  it('reaches the API by its name and shows the answer to the token', () => {
    const said = stack.stdout().split('\n');
    const from = said.indexOf('A grant, with TOKEN set to an access token of your issuer:');
    const commands = said.slice(from + 1, from + 3).join('\n');
    const answer = execFileSync('bash', ['-e', '-u'], {
      input: commands,
      env: { ...process.env, TOKEN: token() },
    });
    expect(JSON.parse(answer.toString())).toMatchObject({ status: 403, code: 'not_entitled' });
  });
});
