import type { Grant } from '../../packages/client/src/index.js';

export const START_MS = Date.parse('2026-11-20T09:00:00Z');

/** A grant of 900 s given at `issuedAtMs`, renewable at about 60 % of its life, as the API says. */
export function grantIssuedAt(issuedAtMs: number, lifeMs = 900_000): Grant {
  return {
    id: `g-${issuedAtMs}`,
    prefix: 'courses/algebra',
    resource: 'https://cdn.example.com/courses/algebra/*',
    expiresAt: new Date(issuedAtMs + lifeMs).toISOString(),
    renewAfter: new Date(issuedAtMs + lifeMs * 0.6).toISOString(),
    keyPairId: 'K2JCJMDEHXQW5F',
  };
}

/** A `fetch` that answers with the given answers one after the other and keeps what it was asked. */
export function scriptedFetch(...answers: readonly (Response | Error | DOMException)[]): {
  fetch: typeof globalThis.fetch;
  calls: { url: string; init: RequestInit }[];
} {
  const calls: { url: string; init: RequestInit }[] = [];
  const fetch: typeof globalThis.fetch = (address, init = {}) => {
    const url = address instanceof Request ? address.url : address.toString();
    const answer = answers[calls.length];
    calls.push({ url, init });
    if (answer === undefined) return Promise.reject(new Error(`no answer scripted for ${url}`));
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer);
  };
  return { fetch, calls };
}

export function problem(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(
    JSON.stringify({ type: `urn:edgepass:error:${code}`, title: `Title of ${code}`, status, code }),
    {
      status,
      headers: { 'content-type': 'application/problem+json', ...headers },
    },
  );
}
