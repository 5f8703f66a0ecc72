import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { decodeCloudFront } from '../support/set-cookie-lines.js';
import { pair, valueOf } from './school.js';
import type { OnStage } from './stage.js';

const SCOPE = 'Domain=school.example.com; Path=/courses/algebra/preview';
/** How the name of our own cookie of one grant begins. */
const HELD = '__Host-edgepass-held-';

/** A route of the school's own that uses CloudFrontService alone. */
export function previewSteps(stage: OnStage): void {
  describe('CloudFrontService in a controller of the host', () => {
    test('writes a cookie set of five minutes for somebody who has not signed in', async () => {
      const { school } = stage();
      const { status, body, setCookies } = await school.call('POST', '/courses/algebra/preview');
      expect({ status, body }).toEqual({ status: 201, body: { folder: 'courses/algebra/preview' } });
      expect(setCookies).toHaveLength(6);
      const attributes = new RegExp(`; ${SCOPE}; Max-Age=(300|299); HttpOnly; Secure; SameSite=Lax$`);
      expect(setCookies.slice(0, 3).filter((line) => !attributes.test(line))).toEqual([]);
      expect(valueOf(setCookies, HELD)).toMatch(
        /^1\|\d+\|\d+\|\|school\.example\.com\|\|\/courses\/algebra\/preview$/,
      );
    });

    test('writes and clears cookies for a folder with a Korean name', async () => {
      const { school } = stage();
      const path = 'Path=/courses/%EC%84%A0%ED%98%95%20%EB%8C%80%EC%88%98/preview';
      const opened = await school.call('POST', '/courses/linear-algebra/preview');
      expect(opened).toMatchObject({ status: 201, body: { folder: 'courses/선형 대수/preview' } });
      expect(opened.setCookies.filter((line) => line.includes(`; ${path};`))).toHaveLength(5);
      const closed = await school.call('DELETE', '/courses/linear-algebra/preview', {
        cookie: pair(opened.setCookies, HELD),
      });
      expect(closed.setCookies.slice(0, -1)).toEqual(
        ['Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'].map(
          (name) =>
            `CloudFront-${name}=; Domain=school.example.com; ${path}; Max-Age=0; HttpOnly; Secure; SameSite=Lax`,
        ),
      );
    });

    test('leaves the wider cookies of a member alone', async () => {
      const { school } = stage();
      const { setCookies } = await school.ask(await school.signIn('sam'), 'courses/algebra');
      expect(
        await school.call('POST', '/courses/algebra/preview', { cookie: pair(setCookies, HELD) }),
      ).toMatchObject({ status: 201, setCookies: [] });
    });

    test('clears one scope and keeps the others', async () => {
      const { school } = stage();
      const geometry = await school.call('POST', '/courses/geometry/preview');
      const both = await school.call('POST', '/courses/algebra/preview', {
        cookie: pair(geometry.setCookies, HELD),
      });
      const gone = await school.call('DELETE', '/courses/algebra/preview', {
        cookie: `${pair(geometry.setCookies, HELD)}; ${pair(both.setCookies, HELD)}`,
      });
      expect(gone.status).toBe(204);
      expect(gone.setCookies.at(-1)).toMatch(
        `${pair(both.setCookies, HELD).split('=')[0]}=; Path=/; Max-Age=0;`,
      );
      expect(gone.setCookies.slice(0, -1)).toEqual(
        ['Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'].map(
          (name) => `CloudFront-${name}=; ${SCOPE}; Max-Age=0; HttpOnly; Secure; SameSite=Lax`,
        ),
      );
    });

    test('gives a URL that is signed for five minutes with the school’s own key', async () => {
      const { school, privateKey } = stage();
      const { status, body, setCookies } = await school.call('GET', '/courses/algebra/preview/trailer');
      const url = new URL((body as { readonly url: string }).url);
      const address = 'https://media.school.example.com/courses/algebra/preview/trailer.mp4';
      expect({ status, setCookies, address: url.origin + url.pathname }).toEqual({
        status: 200,
        setCookies: [],
        address,
      });
      const end = Number(url.searchParams.get('Expires'));
      const secondsLeft = end - Date.now() / 1000;
      expect(secondsLeft > 290 && secondsLeft <= 300).toBe(true);
      const canned = `{"Statement":[{"Resource":"${address}","Condition":{"DateLessThan":{"AWS:EpochTime":${end}}}}]}`;
      const signature = decodeCloudFront(url.searchParams.get('Signature') ?? '');
      expect(verify('sha1', Buffer.from(canned), createPublicKey(privateKey), signature)).toBe(true);
    });

    test('refuses in the school’s own words, because the route is the school’s', async () => {
      expect(await stage().school.call('POST', '/courses/latin/preview')).toMatchObject({
        status: 404,
        body: { school: 'refused', because: 'No such course' },
      });
    });
  });
}
