import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

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
