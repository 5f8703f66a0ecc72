import { describe, expect, it } from '@jest/globals';
import {
  createEdgepassClient,
  EdgepassError,
  EdgepassNetworkError,
} from '../../packages/client/src/index.js';
import { ERROR_CODES } from '../../packages/client/src/error-codes.js';
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
          signal: expect.any(AbortSignal),
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

  it('asks for a signed URL of a file, in the folder that the query is to open', async () => {
    const answer = { id: '1', url: 'https://cdn.example.com/a/b.mp4?Expires=1' };
    const { fetch, calls } = scriptedFetch(
      Response.json(answer, { status: 201 }),
      Response.json({ id: '2' }, { status: 201 }),
    );
    const client = createEdgepassClient({ apiUrl: API, fetch });

    expect(await client.signedUrl('a/b.mp4', { prefix: 'a', ttlSeconds: 300 })).toEqual(answer);
    expect([calls[0]?.url, calls[0]?.init.method, calls[0]?.init.body]).toEqual([
      'https://api.example.com/v1/signed-urls',
      'POST',
      '{"path":"a/b.mp4","prefix":"a","ttlSeconds":300}',
    ]);
    expect(await rejection(client.signedUrl('a/b.mp4'))).toBeInstanceOf(EdgepassError);
    expect(calls[1]?.init.body).toBe('{"path":"a/b.mp4"}');
  });

  it('asks why a file does not load, and calls an answer without a sentence an unexpected one', async () => {
    const url = 'https://cdn.example.com/courses/algebra/images/1.svg';
    const diagnosis = {
      url,
      origin: null,
      entitled: true,
      sentence: 'All is well.',
      diagnosis: { rootCause: null, alsoPossible: [] },
    };
    const { fetch, calls } = scriptedFetch(Response.json(diagnosis), Response.json({ url }));
    const client = createEdgepassClient({ apiUrl: API, fetch });

    expect(await client.diagnose(url)).toEqual(diagnosis);
    expect(calls).toEqual([
      {
        url: 'https://api.example.com/v1/diagnoses',
        init: {
          method: 'POST',
          credentials: 'include',
          headers: { accept: 'application/json', 'content-type': 'application/json' },
          body: JSON.stringify({ url }),
        },
      },
    ]);
    expect(await rejection(client.diagnose(url))).toMatchObject({ code: 'unexpected_answer' });
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

  it('sends the name of a folder as people write it, in a query escaped once', async () => {
    const prefix = 'courses/선형 대수 (초안)';
    const { fetch, calls } = scriptedFetch(
      Response.json({ ...grantIssuedAt(START_MS), prefix }, { status: 201 }),
      new Response(null, { status: 204 }),
    );
    const client = createEdgepassClient({ apiUrl: API, fetch });
    expect(await client.grant(prefix)).toMatchObject({ prefix });
    await client.clear(prefix);
    expect(calls[0]?.init.body).toBe('{"prefix":"courses/선형 대수 (초안)"}');
    expect(new URL(calls[1]?.url ?? '').searchParams.get('prefix')).toBe(prefix);
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
        'No readable answer from https://api.example.com/v1/grants: its certificate is not trusted (open it ' +
        'in a tab to see), nothing answers there, or its APP_ORIGINS does not list this page.',
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

/** A fetch whose answers come when the test gives them; `sent` has one line for each call. */
function answeredByHand(): {
  fetch: typeof globalThis.fetch;
  sent: string[];
  init: RequestInit[];
  answer: (response: Response) => Promise<void>;
} {
  const sent: string[] = [];
  const init: RequestInit[] = [];
  const waiting: ((response: Response) => void)[] = [];
  const fetch: typeof globalThis.fetch = (address, options = {}) => {
    const body = typeof options.body === 'string' ? ` ${options.body}` : '';
    const { pathname, search } = new URL(address instanceof Request ? address.url : address);
    sent.push(`${options.method} ${pathname}${search}${body}`);
    init.push(options);
    return new Promise((resolve, reject) => {
      waiting.push(resolve);
      options.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
  };
  const answer = async (response: Response): Promise<void> => {
    waiting.shift()?.(response);
    await nextTasks();
  };
  return { fetch, sent, init, answer };
}

/** Lets everything happen that waits for no answer. */
function nextTasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const asked = (prefix: string): string => `POST /v1/grants {"prefix":"${prefix}"}`;
const granted = (): Response => Response.json(grantIssuedAt(START_MS), { status: 201 });
describe('grants and clear()', () => {
  it('grants are asked for one after the other, whatever becomes of the one before', async () => {
    const { fetch, sent, answer } = answeredByHand();
    const client = createEdgepassClient({ apiUrl: API, fetch });
    const first = rejection(client.grant('a'));
    const second = client.grant('b');
    await nextTasks();
    expect(sent).toEqual([asked('a')]);
    await answer(problem(403, 'not_entitled'));
    expect(await first).toMatchObject({ code: 'not_entitled' });
    expect(sent).toEqual([asked('a'), asked('b')]);
    await answer(granted());
    await expect(second).resolves.toMatchObject({ prefix: 'courses/algebra' });
  });

  it('clear() waits for the grant under way, and its call outlives the page', async () => {
    const { fetch, sent, init, answer } = answeredByHand();
    const client = createEdgepassClient({ apiUrl: API, fetch });
    void client.grant('a');
    const cleared = client.clear();
    await nextTasks();
    expect(sent).toEqual([asked('a')]);
    await answer(granted());
    expect(sent).toEqual([asked('a'), 'DELETE /v1/grants']);
    expect(init[1]?.keepalive).toBe(true);
    await answer(new Response(null, { status: 204 }));
    await expect(cleared).resolves.toBeUndefined();
  });

  it('clear() ends every renewal: nothing is asked for again, not even what stood behind another call', async () => {
    const { fetch, sent, answer } = answeredByHand();
    const client = createEdgepassClient({ apiUrl: API, fetch });
    const ended: string[] = [];
    const renewals = ['a', 'b'].map((prefix) =>
      client.keepGranted(prefix, { onEnd: () => ended.push(prefix) }),
    );
    await nextTasks();
    const cleared = client.clear();
    expect(ended).toEqual(['a', 'b']);
    await answer(granted());
    await answer(new Response(null, { status: 204 }));
    await cleared;
    await Promise.all(renewals.map((renewal) => renewal.renewIfDue()));
    expect(sent).toEqual([asked('a'), 'DELETE /v1/grants']);
  });

  it('clear(prefix) ends the renewals of that prefix, also of a narrower one that it was granted for', async () => {
    const { fetch, answer } = answeredByHand();
    const client = createEdgepassClient({ apiUrl: API, fetch });
    const ended: string[] = [];
    const renewals = ['courses/algebra/lesson-1', 'courses/algebra', 'users/alice'].map((prefix) =>
      client.keepGranted(prefix, { onEnd: () => ended.push(prefix) }),
    );
    await nextTasks();
    // All but the first are asked for later; the first is answered with the wider prefix.
    await answer(granted());
    const cleared = client.clear('courses/algebra');
    expect(ended).toEqual(['courses/algebra/lesson-1', 'courses/algebra']);
    // The two that were asked for before; that of users/alice goes on.
    await answer(granted());
    await answer(granted());
    await answer(new Response(null, { status: 204 }));
    await cleared;
    for (const renewal of renewals) renewal.stop();
  });

  it('a page that is being closed waits for nothing: its grants are given up, and the call goes at once', async () => {
    const listeners = new Map<string, () => void>();
    const page = globalThis as { addEventListener?: unknown };
    page.addEventListener = (type: string, listener: () => void) => void listeners.set(type, listener);
    const { fetch, sent, answer } = answeredByHand();
    const client = createEdgepassClient({ apiUrl: API, fetch });
    delete page.addEventListener;
    const given = [rejection(client.grant('a')), rejection(client.grant('b'))];
    await nextTasks();
    listeners.get('pagehide')?.();
    const cleared = client.clear();
    expect(sent).toEqual([asked('a'), 'DELETE /v1/grants']);
    for (const error of await Promise.all(given)) expect(error).toMatchObject({ name: 'AbortError' });
    await nextTasks();
    expect(sent).toHaveLength(2);
    // To the grant that was given up, and to the call that clears: it has a timer until it is answered.
    await answer(granted());
    await answer(new Response(null, { status: 204 }));
    await cleared;
  });
});
