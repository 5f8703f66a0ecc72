import { PROBLEM_CODES } from '../../src/problems/problem-codes.js';

/** One answer as it came over the wire. */
interface WireAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const LONGEST_REFUSAL_BYTES = 4096;
/** Stacks, SQL, files of ours or of a library, key material. */
const INTERNALS = /\n\s+at |\.(?:js|ts):\d+|SQLITE|\bselect .+ from\b|node_modules|-----BEGIN/i;

/**
 * What every answer must be, whatever was asked (U1–U5 of the post-conditions). Takes the bytes that one
 * connection received, gives one line for each rule that they break.
 */
export function faultsOf(received: string): readonly string[] {
  return answersIn(received).flatMap((answer) => faultsOfAnswer(answer));
}

function faultsOfAnswer({ status, headers, body }: WireAnswer): readonly string[] {
  const valuesOf = (name: string): readonly string[] =>
    headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  const faults: string[] = [];
  const expect = (isKept: boolean, rule: string): void => {
    if (!isKept) faults.push(`${status}: ${rule}`);
  };

  expect(status < 500 || status === 503, 'U2 no 5xx but 503');
  expect(valuesOf('cache-control').join() === 'no-store', 'U4 Cache-Control: no-store, once');
  expect(valuesOf('x-content-type-options').join() === 'nosniff', 'U4 nosniff, once');
  const givenCookies = valuesOf('set-cookie').filter((line) => /^CloudFront-[^=]+=[^;]/.test(line));
  expect(status === 201 || givenCookies.length === 0, 'U1 a CloudFront cookie without a grant');
  if (status >= 400 && body !== '') {
    expect(valuesOf('content-type').join() === 'application/problem+json', 'U3 problem+json');
    expect(body.length <= LONGEST_REFUSAL_BYTES, 'U3 at most 4 KB');
    expect(!INTERNALS.test(body), 'U3 something internal is told');
    const { status: told, code } = readProblem(body);
    expect(told === status, 'U3 the status in the body is another');
    expect(PROBLEM_CODES[code as keyof typeof PROBLEM_CODES]?.status === status, 'U3 a code of the list');
  }
  return faults;
}

function readProblem(body: string): { readonly status?: unknown; readonly code?: unknown } {
  try {
    return JSON.parse(body) as { status?: unknown; code?: unknown };
  } catch {
    return {};
  }
}

/** The answers of one connection in order. A body ends where its length says, or where its chunks end. */
function answersIn(received: string): readonly WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let at = 0; at < received.length;) {
    const end = received.indexOf('\r\n\r\n', at);
    const [statusLine = '', ...lines] = received.slice(at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (end === -1 || Number.isNaN(status)) {
      return [...answers, { status: 0, headers: [], body: received.slice(at) }];
    }
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    });
    const length = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
    const next = received.indexOf('\r\nHTTP/1.1 ', end);
    const stated = length === undefined ? 0 : Number(length);
    const until = length === undefined ? (next === -1 ? received.length : next + 2) : end + 4 + stated;
    // The answer to HEAD states a length and has no body.
    const isHead = received.startsWith('HTTP/1.1 ', end + 4);
    const stop = isHead ? end + 4 : Math.min(until, received.length);
    answers.push({ status, headers, body: received.slice(end + 4, stop) });
    at = stop;
  }
  return answers;
}
