import { PROBLEM_CODES } from '../../src/http/problems/problem-codes.js';
import { faultsOfGrant, type GrantPromises } from './granted.js';
import { answersIn, valuesOf, type Conversation, type WireAnswer } from './wire-answers.js';

/** What this deployment may say. */
export interface Promises extends GrantPromises {
  readonly appOrigins: readonly string[];
}

const LONGEST_REFUSAL_BYTES = 4096;
/** Stacks, SQL, files of ours or of a library, key material. */
const INTERNALS = /\n\s+at |\.(?:js|ts):\d+|SQLITE|\bselect .+ from\b|node_modules|-----BEGIN/i;
/** The cookie of the version before is only ever cleared. */
const OUR_COOKIE =
  /^(?:(?:CloudFront-[A-Z][A-Za-z-]+|__Host-edgepass-held-[A-Za-z0-9_-]{11})=|__Host-edgepass-scopes=;)/;
/** Every header that an answer may have; all of them stand at most once but Set-Cookie. */
const PLANNED = new Set(
  `access-control-allow-credentials access-control-allow-headers access-control-allow-methods
  access-control-allow-origin access-control-expose-headers access-control-max-age allow cache-control
  connection content-length content-security-policy content-type cross-origin-opener-policy
  cross-origin-resource-policy date keep-alive origin-agent-cluster referrer-policy retry-after set-cookie
  strict-transport-security vary www-authenticate x-content-type-options x-dns-prefetch-control
  x-download-options x-frame-options x-permitted-cross-domain-policies x-xss-protection`.split(/\s+/),
);

/**
 * What every answer must be, whatever was asked (U1–U5, U10 of the postconditions). Takes what went over
 * one connection, gives one line for each rule that is broken.
 */
export function faultsOf(conversation: Conversation, promises: Promises): readonly string[] {
  return answersIn(conversation).flatMap((answer) =>
    [...faultsOfAnswer(answer, promises), ...faultsOfGrant(answer, promises)].map(
      (fault) => `${answer.status}: ${fault}`,
    ),
  );
}

function faultsOfAnswer(answer: WireAnswer, { appOrigins }: Promises): readonly string[] {
  const { status, headers, body, isCutOff } = answer;
  const only = (name: string): string => valuesOf(answer, name).join();
  const faults: string[] = [];
  const expect = (isKept: boolean, rule: string): void => {
    if (!isKept) faults.push(rule);
  };

  expect(status > 0 && !isCutOff, 'U5 no whole answer');
  expect(status < 500 || status === 503, 'U2 no 5xx but 503');
  const isLater = status === 429 || status === 503;
  expect(
    isLater === /^[1-9]\d*$/.test(only('retry-after')),
    'U2 429 and 503, and they alone, say when to come back',
  );
  expect(only('cache-control') === 'no-store', 'U4 Cache-Control: no-store, once');
  expect(only('x-content-type-options') === 'nosniff', 'U4 nosniff, once');
  expect(only('vary') === 'Origin', 'U4 Vary: Origin, once');

  const names = headers.map(([name]) => name.toLowerCase());
  const repeated = names.filter((name, at) => name !== 'set-cookie' && names.indexOf(name) !== at);
  expect(repeated.length === 0, `U5 twice: ${repeated.join()}`);
  const unplanned = names.filter((name) => !PLANNED.has(name));
  expect(unplanned.length === 0, `U5 not planned: ${unplanned.join()}`);
  const [origin] = valuesOf(answer, 'access-control-allow-origin');
  expect(origin === undefined || appOrigins.includes(origin), 'U5 CORS for an origin that is not listed');
  const isCredentialed = only('access-control-allow-credentials') === 'true';
  expect(isCredentialed === (origin !== undefined), 'U5 credentials with an origin, and only then');

  const cookies = valuesOf(answer, 'set-cookie');
  expect(
    cookies.every((line) => OUR_COOKIE.test(line)),
    'U5 a cookie that is not ours',
  );
  const given = cookies.filter((line) => /^CloudFront-[^=]+=[^;]/.test(line));
  expect(status === 201 || given.length === 0, 'U1 a CloudFront cookie without a grant');

  if (status >= 400 && body !== '') {
    expect(only('content-type') === 'application/problem+json', 'U3 problem+json');
    expect(body.length <= LONGEST_REFUSAL_BYTES, 'U3 at most 4 KB');
    expect(!INTERNALS.test(body), 'U3 something internal is shown');
    const { status: shown, code } = readProblem(body);
    expect(shown === status, 'U3 the status in the body is another');
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
