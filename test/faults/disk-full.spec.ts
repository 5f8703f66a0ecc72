import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { startTestApi } from '../support/api.js';
import { setCookieLines } from '../support/set-cookie-lines.js';
import { evidence, injectedBy } from './evidence.js';
import { untilReadyIs } from './readiness.js';

test('N07 a full SQLite file is 503, no cookie, not ready; with space again it is ready by itself', async () => {
  const api = await startTestApi('sqlite');
  await api.give({ subject: 'user:u1', prefix: 'courses' });
  const { queries } = api.database;
  const mostPages = (pages: number) => sql`pragma max_page_count = ${sql.lit(pages)}`.execute(queries);

  // SQLite raises it to the pages that the file has: from now on it cannot grow.
  await mostPages(1);
  let granted = 0;
  let refused = await api.ask('courses');
  for (; refused.status === 201 && granted < 1_000; granted++) refused = await api.ask('courses');
  expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable' });
  expect(setCookieLines(refused)).toEqual([]);
  expect(await api.countOf('grants')).toBe(granted);
  await untilReadyIs(api, 503);
  expect((await api.http.get('/health/live')).status).toBe(200);

  await mostPages(1_000_000);
  await untilReadyIs(api, 200);
  await api.ask('courses').expect(201);
  await api.close();
  injectedBy('PRAGMA max_page_count');
  evidence(`${granted} grants and rows, then 503 without a cookie; healed`);
}, 60_000);
