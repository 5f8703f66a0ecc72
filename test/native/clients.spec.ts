import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { blockOf } from './page.js';
import { API, CDN, startNativeStage, type NativeStage } from './stage.js';

const NOTES = '/courses/algebra/notes.txt';

/** What docs/native.md says of clients that need Node alone. */
describe('docs/native.md', () => {
  let stage: NativeStage;
  beforeAll(async () => {
    stage = await startNativeStage();
  });
  afterAll(() => stage.close());

  const bearer = () => `Bearer ${stage.token}`;

  test('Node: fetch with tough-cookie loads the file', async () => {
    expect(await stage.node(blockOf('Node', 'js'))).toMatchObject({
      code: 0,
      stdout: 'the notes of algebra\n',
    });
  });

  test('Node: fetch alone keeps no cookie, with credentials either', async () => {
    const { stdout } = await stage.node(`
      await fetch('${API}/grants', {
        method: 'POST',
        credentials: 'include',
        headers: { authorization: 'Bearer ' + process.env.TOKEN, 'content-type': 'application/json' },
        body: JSON.stringify({ prefix: 'courses/algebra' }),
      });
      console.log((await fetch('${CDN}${NOTES}', { credentials: 'include' })).status);`);
    expect(stdout).toBe('403\n');
  });

  describe('supertest', () => {
    type Agent = ReturnType<typeof supertest.agent>;
    const agentOf = (address: string, port: number): Agent =>
      supertest.agent(address, { ca: stage.ca }).use((call: { connect(to: object): void }) => {
        // Leads the name to this machine; jars and certificates go by the name.
        call.connect({
          [new URL(address).hostname]: { host: '127.0.0.1', port },
        });
      });

    async function granted(): Promise<{ readonly api: Agent; readonly cdn: Agent }> {
      const api = agentOf(API, stage.ports.api);
      await api
        .post('/grants')
        .set('Authorization', bearer())
        .send({ prefix: 'courses/algebra' })
        .expect(201);
      const cdn = agentOf(CDN, stage.ports.edge);
      cdn.jar = api.jar;
      return { api, cdn };
    }

    test('a second agent with the jar of the first loads the file, one without is refused', async () => {
      const { cdn } = await granted();
      expect((await cdn.get(NOTES)).text).toBe('the notes of algebra\n');
      expect((await agentOf(CDN, stage.ports.edge).get(NOTES)).status).toBe(403);
    });

    test('what the API has cleared is sent empty, so the edge refuses', async () => {
      const { api, cdn } = await granted();
      await api.delete('/grants').set('Authorization', bearer()).expect(204);
      const policies = api.jar
        .getCookies({ domain: new URL(CDN).hostname, path: NOTES, secure: true, script: false })
        .filter(({ name }) => name === 'CloudFront-Policy');
      expect(policies.map(({ value }) => value)).toEqual(['']);
      expect((await cdn.get(NOTES)).status).toBe(403);
    });
  });

  test('Playwright: one request context keeps the cookies of the API and sends them to the CDN', async () => {
    const { stdout } = await stage.node(`
      import { request as playwright } from 'playwright-core';
      const request = await playwright.newContext({ proxy: { server: process.env.HTTPS_PROXY } });
      const token = process.env.TOKEN;
      ${blockOf('Playwright and Cypress', 'ts')}
      process.stdout.write(await file.text());
      await request.dispose();`);
    expect(stdout).toBe('the notes of algebra\n');
  });

  test('a signed URL needs no jar', async () => {
    const { stdout } = await stage.node(`
      const answer = await fetch('${API}/signed-urls', {
        method: 'POST',
        headers: { authorization: 'Bearer ' + process.env.TOKEN, 'content-type': 'application/json' },
        body: JSON.stringify({ path: 'courses/algebra/notes.txt' }),
      });
      const { url } = await answer.json();
      process.stdout.write(await (await fetch(url)).text());`);
    expect(stdout).toBe('the notes of algebra\n');
  });
});
