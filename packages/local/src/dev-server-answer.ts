import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

/** One dev server of the user's and the HTTPS name that it gets. */
export interface ProxyInput {
  /** The address as browsers see it: `https://app.edgepass.localhost:3000`. */
  readonly publicOrigin: string;
  /** The user's dev server: `http://localhost:5173`. */
  readonly target: URL;
  /** For the 502: the flag and what stands behind it. */
  readonly flag: '--app' | '--api';
  /** Pages that may read an answer of the API with credentials, the 502 included. */
  readonly pageOrigins: readonly string[];
}

/** They belong to one connection (RFC 9110 7.6.1); ours to the browser has its own. */
const OF_ONE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What a reason phrase may hold (RFC 9112 4); Node throws at anything else. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Why an answer cannot be passed on, or null. Node reads a status of any three digits and every control
 * character in a reason phrase, but writes neither.
 */
export function answerFault({ statusCode = 0, statusMessage = '' }: IncomingMessage): string | null {
  if (statusCode < 200 || statusCode > 999) return `the status ${statusCode}`;
  return REASON.test(statusMessage) ? null : 'a status line with control characters';
}

/**
 * Passes the dev server's answer on.
 * @returns why it cannot be, with nothing written to `response`; null when it is under way
 */
export function copyAnswer(answer: IncomingMessage, response: ServerResponse): string | null {
  const fault = answerFault(answer) ?? copyHead(answer, response);
  if (fault !== null) {
    answer.destroy();
    return fault;
  }
  // Either end may break off: pipeline then destroys the other one, which is all that can be done.
  pipeline(answer, response, () => {});
  return null;
}

function copyHead(answer: IncomingMessage, response: ServerResponse): string | null {
  const named = (answer.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  try {
    for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
      if (!OF_ONE_CONNECTION.includes(name) && !named.includes(name)) response.setHeader(name, values);
    }
    response.writeHead(answer.statusCode ?? 0, answer.statusMessage);
    return null;
  } catch (error) {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    return `a head that cannot be passed on (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** Answers 502 for a dev server that cannot be reached, or that ends before it answers. */
export function devServerDown(
  response: ServerResponse,
  request: IncomingMessage,
  input: ProxyInput,
  code: string,
): void {
  answer502(response, request, input, {
    title: 'The dev server does not answer',
    heading: 'Waiting for the dev server',
    detail: `Nothing answers at ${input.target.origin} (${code === '' ? 'connection closed' : code}), where ${input.flag} points. Start your dev server there.`,
  });
}

/** Answers 502 for a dev server whose answer cannot be passed on; `fault` says what is wrong with it. */
export function devServerBroke(
  response: ServerResponse,
  request: IncomingMessage,
  input: ProxyInput,
  fault: string,
): void {
  answer502(response, request, input, {
    title: 'The dev server answered something that cannot be passed on',
    heading: 'The dev server answered something that cannot be passed on',
    detail: `${input.target.origin}, where ${input.flag} points, answered with ${fault}.`,
  });
}

interface Sentences {
  readonly title: string;
  readonly heading: string;
  readonly detail: string;
}

/**
 * A page that reloads itself for a person, JSON for a program. The API's 502 carries CORS headers, or the
 * browser would report it as a CORS mistake.
 */
function answer502(
  response: ServerResponse,
  request: IncomingMessage,
  input: ProxyInput,
  { title, heading, detail }: Sentences,
): void {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store', Vary: 'Origin' };
  const { origin } = request.headers;
  if (origin !== undefined && input.pageOrigins.includes(origin)) {
    headers['Access-Control-Allow-Origin'] = origin;
    headers['Access-Control-Allow-Credentials'] = 'true';
  }
  if (request.headers.accept?.includes('text/html') === true) {
    response.writeHead(502, { ...headers, 'Content-Type': 'text/html; charset=utf-8' });
    response.end(page(heading, detail));
    return;
  }
  response.writeHead(502, { ...headers, 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title, status: 502, detail }));
}

function page(heading: string, detail: string): string {
  const text = detail.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2">
<title>${heading}</title>
<style>body{font:16px/1.5 system-ui;background:#0b1026;color:#e2e8f0;display:grid;place-items:center;min-height:90vh}main{max-width:34rem}h1{font-size:1.3rem}p{color:#94a3b8}</style>
<main><h1>${heading}</h1><p>${text}</p><p>This page tries again every two seconds.</p></main>
</html>
`;
}
