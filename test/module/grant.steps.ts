import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decodeCloudFront } from '../support/set-cookie-lines.js';
import { pair, SITE, valueOf } from './school.js';
import type { OnStage } from './stage.js';

const SCOPE = 'Domain=school.example.com; Path=/courses/algebra';
const kept = (seconds: string) => `${SCOPE}; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;
const CLEARED = `${SCOPE}; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;
/** How the name of our own cookie of one grant begins. */
const HELD = '__Host-edgepass-held-';

/** The lines that take one scope away: those that a grant sets. */
const CLEARING = ['Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'].map(
  (name) => `CloudFront-${name}=; ${CLEARED}`,
);

/** The line that takes our own cookie of a grant away. */
const cleared = (held: string) =>
  `${held.slice(0, held.indexOf('='))}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;

interface Policy {
  readonly Statement: readonly [{ readonly Condition: { DateLessThan: { 'AWS:EpochTime': number } } }];
}

/** What a member of the school gets. */
export function grantSteps(stage: OnStage): void {
  describe('a member with the role for it', () => {
    test('is answered 201 with the cookies in their order, each in a line of its own', async () => {
      const { school, keyPairId } = stage();
      const { status, body, setCookies, headers } = await school.ask(
        await school.signIn('sam'),
        'courses/algebra',
      );
      expect({ status, body }).toMatchObject({
        status: 201,
        body: {
          prefix: 'courses/algebra',
          resource: 'https://media.school.example.com/courses/algebra/*',
          keyPairId,
        },
      });
      // The host runs on the machine's clock, which may tick between the expiry and the answer.
      const seconds = /Max-Age=(\d+)/.exec(setCookies[0] ?? '')?.[1] ?? '';
      expect(['899', '900']).toContain(seconds);
      expect(setCookies).toEqual([
        `${pair(setCookies, 'CloudFront-Policy')}; ${kept(seconds)}`,
        `${pair(setCookies, 'CloudFront-Signature')}; ${kept(seconds)}`,
        `CloudFront-Key-Pair-Id=${keyPairId}; ${kept(seconds)}`,
        `CloudFront-Hash-Algorithm=; ${CLEARED}`,
        `CloudFront-Expires=; ${CLEARED}`,
        `${pair(setCookies, HELD)}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`,
      ]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBe(SITE);
    });

    test('gets a policy for that prefix, signed with the school’s own key', async () => {
      const { school, privateKey } = stage();
      const { body, setCookies } = await school.ask(await school.signIn('sam'), 'courses/algebra');
      const policy = decodeCloudFront(valueOf(setCookies, 'CloudFront-Policy'));
      const signature = decodeCloudFront(valueOf(setCookies, 'CloudFront-Signature'));
      const { expiresAt } = body as { expiresAt: string };
      expect(policy.toString()).toBe(
        `{"Statement":[{"Resource":"https://media.school.example.com/courses/algebra/*","Condition":{"DateLessThan":{"AWS:EpochTime":${Date.parse(expiresAt) / 1000}}}}]}`,
      );
      expect(verify('sha1', policy, createPublicKey(privateKey), signature)).toBe(true);
    });

    test('stands in the school’s own audit trail, which GET /grants lists newest first', async () => {
      const { school } = stage();
      const cookie = await school.signIn('tom');
      const first = await school.ask(cookie, 'courses/algebra/lesson-1');
      const second = await school.ask(cookie, 'courses/geometry');
      const ids = [second, first].map(({ body }) => (body as { id: string }).id);
      const lastLine = readFileSync(school.auditFile, 'utf8').split('\n').at(-1) ?? '';
      expect(JSON.parse(lastLine)).toMatchObject({ id: ids[0], viewerId: 'tom', prefix: 'courses/geometry' });
      const listed = await school.call('GET', '/grants', { cookie });
      expect(listed).toMatchObject({ status: 200, body: { grants: [{ id: ids[0] }, { id: ids[1] }] } });
      expect(listed.headers.get('cache-control')).toBe('no-store');
    });

    test('gets a signed URL under the same right, and the school’s own audit trail says that it was one', async () => {
      const { school } = stage();
      const member = await school.signIn('sam');
      const answer = await school.call('POST', '/signed-urls', {
        cookie: member,
        body: { path: 'courses/algebra/lesson-1.mp4' },
      });
      expect(answer).toMatchObject({
        status: 201,
        setCookies: [],
        body: { resource: 'https://media.school.example.com/courses/algebra/lesson-1.mp4' },
      });
      const { body } = await school.call('GET', '/grants', { cookie: member });
      expect(body).toMatchObject({
        grants: expect.arrayContaining([
          expect.objectContaining({ prefix: 'courses/algebra/lesson-1.mp4', issuedAs: 'url' }),
        ]),
      });
    });

    test('whose right ends sooner gets cookies that end with it', async () => {
      const { school } = stage();
      const { setCookies } = await school.ask(await school.signIn('mia'), 'courses/algebra');
      const policy = decodeCloudFront(valueOf(setCookies, 'CloudFront-Policy')).toString();
      const [{ Condition }] = (JSON.parse(policy) as Policy).Statement;
      const lifeSeconds = Number(/Max-Age=(\d+)/.exec(setCookies[0] ?? '')?.[1]);
      expect(lifeSeconds).toBeLessThanOrEqual(300);
      expect(lifeSeconds).toBeGreaterThan(100);
      const lastLine = readFileSync(school.auditFile, 'utf8').split('\n').at(-1) ?? '';
      expect(JSON.parse(lastLine)).toMatchObject({
        viewerId: 'mia',
        expiresAtEpochSeconds: Condition.DateLessThan['AWS:EpochTime'],
      });
    });

    test('opens a folder with a Korean name and a blank, which the audit trail has as people write it', async () => {
      const { school } = stage();
      const { body, setCookies } = await school.ask(
        await school.signIn('sam'),
        'courses/선형 대수/1강 (초안)',
      );
      const escaped = 'courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98/1%EA%B0%95%20(%EC%B4%88%EC%95%88)';
      const resource = `https://media.school.example.com/${escaped}/*`;
      expect(body).toMatchObject({ prefix: 'courses/선형 대수/1강 (초안)', resource });
      expect(decodeCloudFront(valueOf(setCookies, 'CloudFront-Policy')).toString()).toContain(
        `"Resource":"${resource}"`,
      );
      const paths = setCookies.map((line) => /; Path=([^;]*)/.exec(line)?.[1]);
      expect(paths).toEqual([...Array<string>(5).fill(`/${escaped}`), '/']);
      const lastLine = readFileSync(school.auditFile, 'utf8').split('\n').at(-1) ?? '';
      expect(JSON.parse(lastLine)).toMatchObject({ viewerId: 'sam', prefix: 'courses/선형 대수/1강 (초안)' });
    });

    test('clears that folder by its name', async () => {
      const { school } = stage();
      const { setCookies } = await school.ask(await school.signIn('sam'), 'courses/선형 대수');
      const query = new URLSearchParams({ prefix: 'courses/선형 대수' });
      const gone = await school.call('DELETE', `/grants?${query.toString()}`, {
        cookie: pair(setCookies, HELD),
        origin: SITE,
      });
      expect(gone.status).toBe(204);
      const path = 'Path=/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98';
      expect(gone.setCookies).toEqual([
        ...CLEARING.map((line) => line.replace('Path=/courses/algebra', path)),
        cleared(pair(setCookies, HELD)),
      ]);
    });

    test('clears what another member left in the same browser', async () => {
      const { school } = stage();
      const left = await school.ask(await school.signIn('tom'), 'courses/geometry');
      const cookie = `${await school.signIn('sam')}; ${pair(left.setCookies, HELD)}`;
      const { status, setCookies } = await school.ask(cookie, 'courses/algebra');
      expect(status).toBe(201);
      expect(valueOf(setCookies, HELD)).toMatch(
        /^1\|\d+\|\d+\|[\w-]{11}\|school\.example\.com\|\|\/courses\/algebra$/,
      );
      expect(setCookies.slice(6)).toEqual([
        ...CLEARING.map((line) => line.replace('Path=/courses/algebra', 'Path=/courses/geometry')),
        cleared(pair(left.setCookies, HELD)),
      ]);
    });

    test('takes the cookies back with DELETE /grants, also without a session', async () => {
      const { school } = stage();
      const { setCookies } = await school.ask(await school.signIn('sam'), 'courses/algebra');
      const gone = await school.call('DELETE', '/grants', {
        cookie: pair(setCookies, HELD),
        origin: SITE,
      });
      expect(gone.status).toBe(204);
      expect(gone.setCookies).toEqual([...CLEARING, cleared(pair(setCookies, HELD))]);
    });
  });
}
