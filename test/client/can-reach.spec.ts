import { describe, expect, it } from '@jest/globals';
import { canReach } from '../../packages/client/src/index.js';
import { scriptedFetch } from './answers.js';

const failed = new TypeError('Failed to fetch');

describe('canReach', () => {
  it('is true for any answer, a refusal included, and asks without credentials (B81)', async () => {
    const { fetch, calls } = scriptedFetch(new Response('<Error/>', { status: 403 }));
    expect(await canReach('https://cdn.example.com/', { fetch })).toBe(true);
    expect(calls).toEqual([
      {
        url: 'https://cdn.example.com/',
        init: { mode: 'no-cors', credentials: 'omit', cache: 'no-store' },
      },
    ]);
  });

  it('is true for a host that answers this origin but sends CORP same-origin (B87)', async () => {
    const { fetch, calls } = scriptedFetch(failed, Response.json({ status: 'ok' }));
    expect(await canReach('https://api.example.com/health/live', { fetch })).toBe(true);
    expect(calls.map(({ init }) => init.mode)).toEqual(['no-cors', 'cors']);
  });

  it('is false when the browser gets no answer in either mode: certificate or network (F48)', async () => {
    const { fetch, calls } = scriptedFetch(failed, failed);
    expect(await canReach('https://cdn.example.com/', { fetch })).toBe(false);
    expect(calls).toHaveLength(2);
  });
});
