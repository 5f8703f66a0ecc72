import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Agent, request } from 'node:http';
import { expect, it } from '@jest/globals';
import { bearer, entitleEveryone, startOperatedApi, until } from '../support/operated-api.js';
import { evidence, injectedBy } from './evidence.js';
import { LOAD_PREFIX } from './grant-load.js';
import { untilReadinessIs } from './readiness.js';
import { ReceivedCookies } from './received-cookies.js';
import { expectRowsForAll, sqliteStage } from './sqlite-stage.js';

const DESCRIPTORS = 64;
const SOCKETS = 500;
const GRANTS = 50;

/** One grant on the kept connection of a viewer who was there before. */
function askOn(agent: Agent, url: string, received: ReceivedCookies): Promise<number> {
  const body = JSON.stringify({ prefix: LOAD_PREFIX });
  const headers = { Authorization: bearer('early'), 'Content-Type': 'application/json' };
  return new Promise((resolve, reject) => {
    request(`${url}/grants`, { method: 'POST', agent, headers }, (answer) => {
      const receipt =
        answer.statusCode === 201 ? received.receive('early', answer.headers['set-cookie'] ?? []) : null;
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('end', () => {
        if (receipt !== null) receipt.id = (JSON.parse(text) as { id: string }).id;
        resolve(answer.statusCode ?? 0);
      });
    })
      .once('error', reject)
      .end(body);
  });
}

it('N43 without a free file descriptor who is connected is served and audited, others are refused; it heals', async () => {
  const stage = sqliteStage('descriptors');
  const api = await startOperatedApi({
    ...stage,
    under: ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'],
  });
  await entitleEveryone(api.url, LOAD_PREFIX);
  const received = new ReceivedCookies();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await askOn(agent, api.url, received)).toBe(201);
  injectedBy(`ulimit -n ${DESCRIPTORS}, ${SOCKETS} connections that say nothing`);

  const descriptors = (): number => readdirSync(`/proc/${api.process.pid}/fd`).length;
  let refused = 0;
  const sockets: Socket[] = Array.from({ length: SOCKETS }, () =>
    connect(api.port, '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => (refused += 1)),
  );
  await until(async () => descriptors() >= DESCRIPTORS - 1 && refused > 0);

  const statuses = new Set<number>();
  // oxlint-disable-next-line no-await-in-loop -- one viewer asks one after the other
  for (let grant = 0; grant < GRANTS; grant++) statuses.add(await askOn(agent, api.url, received));
  const atFull = descriptors();
  const away = refused;
  expect(statuses).toEqual(new Set([201]));

  for (const socket of sockets) socket.destroy();
  const healedAfter = await until(async () => descriptors() < DESCRIPTORS / 2 + 10).then(() =>
    untilReadinessIs(api.url, 200),
  );
  expect(await askOn(agent, api.url, received)).toBe(201);
  agent.destroy();
  expect(await api.process.stop()).toEqual({ code: 0, signal: null });
  evidence(
    `${atFull} descriptors in use, ${away} connections refused, ${GRANTS} of ${GRANTS} grants on the connection that was there; a new connection answered ${Math.round(healedAfter)} ms after they had gone; ${expectRowsForAll(received, stage)}`,
  );
});
