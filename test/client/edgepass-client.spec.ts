import { describe, expect, it } from '@jest/globals';
import {
  createEdgepassClient,
  EdgepassError,
  EdgepassNetworkError,
  ERROR_CODES,
} from '../../packages/client/src/index.js';
import { PROBLEM_CODES } from '../../src/http/problems/problem-codes.js';
import { grantIssuedAt, problem, scriptedFetch, START_MS } from './answers.js';

const API = 'https://api.example.com/v1';

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error,
  );
}

describe('the browser client', () => {
  it('asks for a grant with credentials, so that the browser keeps the cookies of the answer (B79)', async () => {
    const grant = grantIssuedAt(START_MS);
    const { fetch, calls } = scriptedFetch(Response.json(grant, { status: 201 }));
    const client = createEdgepassClient({ apiUrl: `${API}/`, fetch });

    expect(await client.grant('courses/algebra', { ttlSeconds: 300 })).toEqual(grant);
    expect(calls).toEqual([
      {
        url: 'https://api.example.com/v1/grants',
        init: {
          method: 'POST',
          credentials: 'include',
          headers: { accept: 'application/json', 'content-type': 'application/json' },
          body: '{"prefix":"courses/algebra","ttlSeconds":300}',
        },
      },
    ]);
  });

  it('leaves ttlSeconds out when the caller names none, because the API refuses null', async () => {
    const { fetch, calls } = scriptedFetch(Response.json(grantIssuedAt(START_MS)));
    await createEdgepassClient({ apiUrl: API, fetch }).grant('courses/algebra');
    expect(calls[0]?.init.body).toBe('{"prefix":"courses/algebra"}');
  });

  it('asks for the access token before every call, so that a refreshed one is used', async () => {
    const tokens = ['first', 'second'];
    const { fetch, calls } = scriptedFetch(
      Response.json({ grants: [] }),
      Response.json({ entitlements: [] }),
    );
    const client = createEdgepassClient({
      apiUrl: API,
      fetch,
      accessToken: () => Promise.resolve(tokens.shift() ?? ''),
    });
    expect(await client.grants()).toEqual([]);
    expect(await client.entitlements()).toEqual([]);
    expect(calls.map((call) => call.init.headers)).toEqual([
      { accept: 'application/json', authorization: 'Bearer first' },
      { accept: 'application/json', authorization: 'Bearer second' },
    ]);
  });

  it('clears one prefix or all of them', async () => {
    const { fetch, calls } = scriptedFetch(
      new Response(null, { status: 204 }),
      new Response(null, { status: 204 }),
    );
    const client = createEdgepassClient({ apiUrl: API, fetch });
    await client.clear('courses/algebra');
    await client.clear();
    expect(calls.map((call) => `${call.init.method} ${call.url} ${call.init.credentials}`)).toEqual([
      'DELETE https://api.example.com/v1/grants?prefix=courses%2Falgebra include',
      'DELETE https://api.example.com/v1/grants include',
    ]);
  });

  it('rejects a refusal with its code, status and the seconds to wait', async () => {
    const { fetch } = scriptedFetch(problem(429, 'rate_limited', { 'retry-after': '7' }));
    const error = await rejection(createEdgepassClient({ apiUrl: API, fetch }).grant('courses/algebra'));
    expect(error).toBeInstanceOf(EdgepassError);
    expect(error).toMatchObject({
      code: 'rate_limited',
      status: 429,
      retryAfterSeconds: 7,
      temporary: true,
      message: 'Title of rate_limited',
    });
  });

  it('calls a page of a proxy an unexpected answer instead of inventing a code', async () => {
    const { fetch } = scriptedFetch(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    const error = await rejection(createEdgepassClient({ apiUrl: API, fetch }).grant('courses/algebra'));
    expect(error).toMatchObject({ code: 'unexpected_answer', status: 502, temporary: true });
  });

  it('calls a 200 without a grant in it an unexpected answer: apiUrl points at something else', async () => {
    const { fetch } = scriptedFetch(Response.json({ hello: 'world' }));
    const error = await rejection(createEdgepassClient({ apiUrl: API, fetch }).grant('courses/algebra'));
    expect(error).toMatchObject({ code: 'unexpected_answer', status: 200 });
  });

  it('refuses a grant whose times it cannot read, because a renewal could not be planned', async () => {
    const { fetch } = scriptedFetch(Response.json({ ...grantIssuedAt(START_MS), renewAfter: 'soon' }));
    const error = await rejection(createEdgepassClient({ apiUrl: API, fetch }).grant('courses/algebra'));
    expect(error).toMatchObject({ code: 'unexpected_answer', status: 200 });
  });

  it('says what a TypeError of fetch can mean: certificate, nothing there, APP_ORIGINS (B77, F48)', async () => {
    const cause = new TypeError('Failed to fetch');
    const { fetch } = scriptedFetch(cause);
    const error = await rejection(createEdgepassClient({ apiUrl: API, fetch }).grant('courses/algebra'));
    expect(error).toBeInstanceOf(EdgepassNetworkError);
    expect(error).toMatchObject({
      url: 'https://api.example.com/v1/grants',
      cause,
      message:
        'No readable answer from https://api.example.com/v1/grants. It can mean: the browser does not trust the ' +
        'certificate of that host (open https://api.example.com in a tab to see); nothing answers there; or ' +
        "APP_ORIGINS of the API does not list this page's origin, exactly as written here.",
    });
  });

  it('lets an abort of the caller through unchanged: it is no network trouble', async () => {
    const abort = new DOMException('stop', 'AbortError');
    const { fetch } = scriptedFetch(abort);
    expect(await rejection(createEdgepassClient({ apiUrl: API, fetch }).grants())).toBe(abort);
  });

  it('knows exactly the codes that the service can answer', () => {
    expect([...ERROR_CODES].toSorted()).toEqual(Object.keys(PROBLEM_CODES).toSorted());
  });
});
