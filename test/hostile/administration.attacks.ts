import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/audit.command.js';
import { until } from '../support/operated-api.js';
import { runHere } from '../support/run-here.js';
import { APP_ORIGIN, type HostileStage } from './stage.js';

/** Each with its method. */
export const ADMIN_ROUTES = [
  ['GET', '/admin/entitlements'],
  ['PUT', '/admin/entitlements'],
  ['DELETE', '/admin/entitlements/019aa0c0-7b1e-7cc0-b6f5-6d2f0f4a9d10'],
  ['GET', '/admin/grants'],
] as const;
const bodyOf = (method: string) => (method === 'PUT' ? { body: '{}' } : {});
const JSON_BODY = { 'Content-Type': 'application/json' };

interface Answered {
  readonly code?: string;
  readonly id?: string;
}

/** A: admin routes, audit log, SQL. */
export function administrationAttacks(stage: () => HostileStage): void {
  const asAdmin = () => ({ ...JSON_BODY, Authorization: stage().bearer('boss', ['admins']) });
  const put = (body: object) =>
    stage().call('PUT', '/admin/entitlements', { headers: asAdmin(), body: JSON.stringify(body) });
  const ask = (sub: string, prefix: unknown) => stage().ask(sub, JSON.stringify({ prefix }));

  test.each(ADMIN_ROUTES)('A01 %s %s without a token is 401', async (method, path) => {
    const answer = await stage().call(method, path, { headers: JSON_BODY, ...bodyOf(method) });
    expect([answer.status, (answer.json() as Answered).code]).toEqual([401, 'token_missing']);
  });

  test.each(ADMIN_ROUTES)(
    "A01 %s %s with a user's token is 403, and the audit log says so",
    async (method, path) => {
      const sub = `nosy-${method}-${path.length}`;
      const answer = await stage().call(method, path, {
        headers: { ...JSON_BODY, Authorization: stage().bearer(sub, ['users', 'ADMINS', 'admins ']) },
        ...bodyOf(method),
      });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([403, 'admin_required']);
      const rowsOf = async () => {
        const found = await stage().database.query(
          'select code, prefix, count::int from refusals where viewer_id = $1',
          [sub],
        );
        return found.rows as readonly unknown[];
      };
      await until(async () => (await rowsOf()).length > 0);
      expect(await rowsOf()).toEqual([{ code: 'admin_required', prefix: null, count: 1 }]);
    },
  );

  describe('another spelling of an admin route is none', () => {
    test.each([
      '/Admin/entitlements',
      '/ADMIN/GRANTS',
      '/admin//entitlements',
      '//admin/entitlements',
      '/%61dmin/entitlements',
      '/admin;x/entitlements',
      '/admin/entitlements;x',
      '/admin/entitlements/',
      '/admin/./entitlements',
      '/x/../admin/entitlements',
      '/admin%2fentitlements',
      '/admin%00/entitlements',
    ])('A03 %s', async (path) => {
      const callers = ['', `Authorization: ${stage().bearer('u1')}\r\n`];
      for (const method of ['GET', 'HEAD']) {
        const answers = await Promise.all(
          callers.map((authorization) =>
            stage().raw(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${authorization}\r\n`),
          ),
        );
        expect(answers.map(({ status }) => status)).toEqual([404, 404]);
      }
    });

    test('A03 HEAD is guarded as GET is', async () => {
      const statuses = await Promise.all(
        [{}, { Authorization: stage().bearer('u1') }].map(
          async (headers) => (await stage().call('HEAD', '/admin/entitlements', { headers })).status,
        ),
      );
      expect(statuses).toEqual([401, 403]);
    });

    test('A03 a method in a header or in the query is no method', async () => {
      const headers = {
        ...JSON_BODY,
        Authorization: stage().bearer('u1'),
        'X-HTTP-Method-Override': 'PUT',
        'X-Original-URL': '/admin/entitlements',
      };
      expect((await stage().call('GET', '/entitlements', { headers })).status).toBe(200);
      const answer = await stage().call('GET', '/entitlements?_method=PUT', { headers });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([400, 'field_unknown']);
    });
  });

  test.each(['*', 'private/*', '', '..', 'private/a ', 'private/?', '/private', 'private//a'])(
    'A05 a right for %j is refused as a grant for it is',
    async (prefix) => {
      const answers = [await put({ subject: 'user:u1', prefix }), await ask('u1', prefix)];
      expect(answers.map((answer) => [answer.status, (answer.json() as Answered).code])).toEqual([
        [400, 'prefix_invalid'],
        [400, 'prefix_invalid'],
      ]);
    },
  );

  test.each(['id', 'createdAt', 'createdBy', 'auditId', 'givenBy', '__proto__'])(
    'A06 a right with the member %s is 400 field_unknown',
    async (member) => {
      const body = `{"subject":"user:u1","prefix":"private/b","${member}":"x"}`;
      const answer = await stage().call('PUT', '/admin/entitlements', { headers: asAdmin(), body });
      expect([answer.status, (answer.json() as Answered).code]).toEqual([400, 'field_unknown']);
    },
  );

  test.each(["x'; DELETE FROM entitlements;--", `x" OR "1"="1`, "x') UNION SELECT 1--", 'x\\', '%', '_'])(
    'A07 the user id %j is text: in a right, in a token, in a filter',
    async (sub) => {
      expect((await ask(sub, 'private/a')).status).toBe(403);
      expect((await put({ subject: `user:${sub}`, prefix: 'private/sql' })).status).toBe(201);
      expect((await ask(sub, 'private/sql')).status).toBe(201);
      const query = `/admin/grants?subject=${encodeURIComponent(`user:${sub}`)}`;
      const page = await stage().call('GET', query, { headers: asAdmin() });
      const { entries } = page.json() as { entries: readonly { subject: string; kind: string }[] };
      expect(entries.filter(({ subject }) => subject !== `user:${sub}`)).toEqual([]);
      expect(entries.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
      stage().adds({ grants: 1, entitlements: 1, entitlement_changes: 1 });
    },
  );

  describe('a user id that a terminal would obey', () => {
    test.each(['u\r\nx', 'u\nx', 'u\u001b[31mx', 'u\u0000x', 'u\u009bx'])(
      'A09 %j is no id: 401, and 400 as a subject',
      async (sub) => {
        const token = await ask(sub, 'courses');
        expect([token.status, (token.json() as Answered).code]).toEqual([401, 'token_invalid']);
        const right = await put({ subject: `user:${sub}`, prefix: 'private/b' });
        expect([right.status, (right.json() as Answered).code]).toEqual([400, 'subject_invalid']);
      },
    );

    test('A09 U+202E stands in the audit row as it is, escaped in the export, and in no line of the log', async () => {
      const sub = 'u\u202etxt.exe';
      expect((await put({ subject: `user:${sub}`, prefix: 'private/bidi' })).status).toBe(201);
      const granted = (await ask(sub, 'private/bidi')).json() as Answered;
      stage().adds({ grants: 2, entitlements: 1, entitlement_changes: 1 });

      const { rows } = await stage().database.query('select viewer_id from grants where id = $1', [
        granted.id,
      ]);
      expect(rows).toEqual([{ viewer_id: sub }]);
      // An export leaves the newest two minutes to the next one.
      const older = randomUUID();
      await stage().database.query(
        `insert into grants (id, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at, expires_at)
         select $2, viewer_id, prefix, resource, key_pair_id, entitlement_id, issued_at - 600, expires_at - 600
         from grants where id = $1`,
        [granted.id, older],
      );
      const exported = await exportOf(stage());
      expect(exported.join('\n')).not.toContain('\u202e');
      expect(exported.filter((line) => line.includes(older))).toEqual([
        expect.stringContaining(String.raw`"subject":"user:u\u202etxt.exe"`),
      ]);
      const log = stage().api.process.stdout();
      expect(['\u202e', '\u001b', '\u009b'].filter((character) => log.includes(character))).toEqual([]);
      for (const line of log.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    });
  });

  test('A11 what a spreadsheet would run is a JSON text in the export, which has no other form', async () => {
    const sub = '=cmd|x';
    expect((await put({ subject: `user:${sub}`, prefix: 'private/csv' })).status).toBe(201);
    stage().adds({ entitlements: 1, entitlement_changes: 2 });
    await stage().database.query(
      `insert into entitlement_changes (id, entitlement_id, change, subject, prefix, changed_by, changed_at)
       select $2, entitlement_id, change, subject, prefix, changed_by, changed_at - 600
       from entitlement_changes where subject = $1`,
      [`user:${sub}`, randomUUID()],
    );
    const lines = await exportOf(stage());
    expect(lines.filter((line) => line.includes(sub))).toEqual([
      expect.stringMatching(/^\{.*"subject":"user:=cmd\|x".*\}$/),
    ]);
    expect(lines.filter((line) => !line.startsWith('{"id":"'))).toEqual([]);
  });

  describe('what anybody may read', () => {
    test.each([
      ['/health/live', 200],
      ['/health/ready', 200],
      ['/ready', 404],
      ['/metrics', 404],
      ['/openapi.json', 404],
      ['/docs', 404],
      ['/', 404],
    ])('A19 %s is %d and says nothing of the inside', async (path, status) => {
      await ask('canary-viewer', 'courses');
      stage().adds({ grants: 1 });
      const answer = await stage().call('GET', path, { headers: { Origin: APP_ORIGIN } });
      expect(answer.status).toBe(status);
      expect(answer.text()).not.toMatch(INSIDE);
      expect(answer.rawHeaders.join()).not.toMatch(/\d\.\d+\.\d|express|nest|node/i);
    });

    test('A19 the metrics, on a port of their own, name no user, prefix, database or key', async () => {
      await ask('canary-viewer', 'private/canary');
      const metrics = await stage().metrics();
      expect(metrics).toContain('edgepass_build_info');
      expect(metrics).not.toMatch(/canary|private|courses|postgres:|127\.0\.0\.1|BEGIN/);
    });
  });
}

/** Users, prefixes, keys, databases, versions. */
const INSIDE = /canary|private|courses|postgres|sqlite|BEGIN|K2JCJMDEHXQW5F|\d\.\d+\.\d|example\.com/;

/** The lines of `edgepass audit export`. */
async function exportOf({ databaseUrl }: HostileStage): Promise<readonly string[]> {
  const { code, stdout } = await runHere(run, ['export'], { DATABASE_URL: databaseUrl });
  expect(code).toBe(0);
  return stdout.trimEnd().split('\n');
}
