import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SITE } from './school.js';
import type { OnStage } from './stage.js';

const FOREIGN = 'https://www.school.example.com.evil.example';

/** What the school refuses, what edgepass refuses, and in whose words. */
export function refusalSteps(stage: OnStage): void {
  describe('refused', () => {
    test('without a session, by the school’s own guard in the school’s own words', async () => {
      const { school } = stage();
      const body = { prefix: 'courses/algebra' };
      expect(await school.call('POST', '/grants', { origin: SITE, body })).toMatchObject({
        status: 401,
        body: { school: 'refused', because: 'Please sign in' },
        setCookies: [],
      });
    });

    test.each([
      ['a role that opens nothing', 'pat', 'courses/algebra'],
      ['an enrolment that is over', 'sam', 'courses/geometry'],
      ['a sibling whose name begins the same', 'tom', 'courses/algebra-2'],
      ['everything above the course', 'tom', 'courses'],
      ['the whole distribution', 'tom', '/'],
    ] as const)('as not_entitled: %s', async (_title, name, prefix) => {
      const { school } = stage();
      expect(await school.ask(await school.signIn(name), prefix)).toMatchObject({
        status: 403,
        body: { code: 'not_entitled', type: 'urn:edgepass:error:not_entitled' },
        setCookies: [],
      });
    });

    test.each([
      ['prefix_invalid', 400, { prefix: '/courses/algebra' }],
      ['prefix_required', 400, {}],
      ['field_unknown', 400, { prefix: 'courses/algebra', days: 3 }],
      ['ttl_out_of_range', 400, { prefix: 'courses/algebra', ttlSeconds: 86_400 }],
    ])('as %s, although the school validates bodies globally too', async (code, status, body) => {
      const { school } = stage();
      const cookie = await school.signIn('sam');
      expect(await school.call('POST', '/grants', { cookie, origin: SITE, body })).toMatchObject({
        status,
        body: { code },
        setCookies: [],
      });
    });

    test.each([
      ['POST', { prefix: 'courses/algebra' }],
      ['DELETE', undefined],
    ])('as csrf_rejected: %s that a foreign page made the browser send', async (method, body) => {
      const { school } = stage();
      const call = { cookie: await school.signIn('sam'), origin: FOREIGN };
      expect(
        await school.call(method, '/grants', { ...call, ...(body === undefined ? {} : { body }) }),
      ).toMatchObject({ status: 403, body: { code: 'csrf_rejected' }, setCookies: [] });
    });

    test('as audit_unavailable while the school cannot record: no cookie leaves', async () => {
      const { school } = stage();
      const cookie = await school.signIn('sam');
      await school.ask(cookie, 'courses/algebra');
      // A folder in its place: nobody can append to that, root included.
      renameSync(school.auditFile, `${school.auditFile}.aside`);
      mkdirSync(school.auditFile);
      const refused = await school.ask(cookie, 'courses/algebra');
      rmdirSync(school.auditFile);
      renameSync(`${school.auditFile}.aside`, school.auditFile);

      expect(refused).toMatchObject({ status: 503, body: { code: 'audit_unavailable' }, setCookies: [] });
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(await school.ask(cookie, 'courses/algebra')).toMatchObject({ status: 201 });
    });
  });
}
