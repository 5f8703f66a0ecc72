import {
  cameWithoutCookies,
  corsOf,
  isMedia,
  isOnOneOrigin,
  isServed,
  mayBeOfTheApi,
  refusalOf,
  signedCookiesOf,
  timeOf,
  type Facts,
} from '../facts.js';
import type { Load } from '../evidence/evidence.js';
import { distinct, loadsWith, shown, signsOf, type Sign, type Symptom } from './check.js';

const WHY_NO_COOKIES = [
  'grant-missing',
  'request-without-credentials',
  'grant-without-credentials',
  'crossorigin-anonymous',
  'video-js-path',
  'domain-of-another-host',
  'host-only-cookie',
  'cookie-path',
  'folder-not-granted',
  'samesite-on-another-site',
  'third-party-cookies',
  'cloudfront-name',
  'platform-name',
  'domain-malformed',
  'domain-public-suffix',
  'cookies-joined',
  'none-without-secure',
  'partitioned-without-secure',
  'secure-over-http',
  'page-over-http',
  'embedded-page',
  'grant-expired',
];

const WHY_REFUSED = [
  'grant-expired',
  'folder-not-granted',
  'policy-for-another-address',
  'viewer-changed',
  'nested-cookie-scopes',
  'key-not-trusted',
  'policy-malformed',
  'bound-to-an-address',
  'signature-wrong',
  'origin-refused',
];

/** Where the evidence does not tell whether cookies arrived. */
const WHY_EITHER = [...new Set([...WHY_NO_COOKIES, ...WHY_REFUSED])];

/** Of page and file on one origin, the likeliest. */
const FIRST_ON_ONE_ORIGIN = ['grant-missing', 'cookie-path', 'grant-expired', 'folder-not-granted'];
/** fetch, XMLHttpRequest and crossorigin="anonymous" send cookies to the page’s own origin (Fetch Standard, section 2.2.5). */
const NEVER_ON_ONE_ORIGIN = ['request-without-credentials', 'crossorigin-anonymous', 'video-js-path'];
/** These need an API on another host than page and files, or a frame of another site. */
const LAST_ON_ONE_ORIGIN = [
  'grant-without-credentials',
  'domain-of-another-host',
  'host-only-cookie',
  'cloudfront-name',
  'platform-name',
  'page-over-http',
  'samesite-on-another-site',
  'third-party-cookies',
  'embedded-page',
];

/** What a symptom may come of, the likeliest first: on one origin these are others than on several hosts. */
export function couldBeOf(symptom: Symptom, facts: Facts): readonly string[] {
  const { evidence, grants, failing } = facts;
  const isAskedBefore = grants.some(({ load }) =>
    failing.every((file) => timeOf(load, evidence) <= timeOf(file, evidence)),
  );
  // Why the cookies of its answer were not stored is a question of other checks.
  const couldBe = symptom.couldBe.filter((id) => id !== 'grant-missing' || !isAskedBefore);
  if (!isOnOneOrigin(facts)) return couldBe;
  const place = (id: string): number =>
    FIRST_ON_ONE_ORIGIN.includes(id)
      ? FIRST_ON_ONE_ORIGIN.indexOf(id)
      : FIRST_ON_ONE_ORIGIN.length + (LAST_ON_ONE_ORIGIN.includes(id) ? 1 : 0);
  return couldBe
    .filter((id) => !NEVER_ON_ONE_ORIGIN.includes(id))
    .toSorted((one, other) => place(one) - place(other));
}

const isRefused = (load: Load) =>
  load.status === 403 && load.method !== 'OPTIONS' && !load.reason?.startsWith('preflight');

/** An answer in itself: the browser names what it did, and the cause lies behind it. */
function blockedAsOpaque(facts: Facts, media: boolean): readonly Load[] {
  return facts.failing.filter((load) => load.reason === 'opaque-blocked' && isMedia(load) === media);
}

export const SYMPTOMS: readonly Symptom[] = [
  {
    id: 'image-refused',
    catalogue: ['F39'],
    stage: 'symptom',
    isAnswer: true,
    couldBe: WHY_EITHER,
    title: 'The CDN refused the file, and the browser hides the refusal as an opaque response.',
    why: 'The answer is an error document in XML, which the browser does not hand to an image or a script (B87). ORB and OpaqueResponseBlocking are not the cause.',
    fix: 'Find out why the CDN refuses: hand the doctor a HAR, or the cookies and the address.',
    evidence: 'ERR_BLOCKED_BY_ORB, or Firefox’s line on OpaqueResponseBlocking',
    toTellApart: 'the status of the request in the Network panel: 403',
    look: (facts) =>
      signsOf(blockedAsOpaque(facts, false), (load) => `${shown(load)} was blocked as an opaque response.`),
  },
  {
    id: 'media-refused',
    catalogue: ['F40'],
    stage: 'symptom',
    isAnswer: true,
    couldBe: WHY_EITHER,
    title: 'The CDN refused the film, and the browser reports a media error.',
    why: 'A video element tells no status: error code 4 stands for a 403 as for a broken file (B87).',
    fix: 'Find out why the CDN refuses: hand the doctor a HAR, or the cookies and the address.',
    evidence: 'MediaError 4 beside a 403; Firefox’s line on a media request’s status',
    toTellApart: 'the status of the request in the Network panel: 403',
    look: (facts) => {
      const signs = blockedAsOpaque(facts, true).map((load) => ({
        seen: `${shown(load)} was blocked as an opaque response.`,
      }));
      const said = facts.evidence.sayings.find(({ kind }) => kind === 'media-error');
      const refused = facts.failing.find(
        (load) => isRefused(load) && (isMedia(load) || (load.dest === null && load.reason === null)),
      );
      if (said !== undefined && refused !== undefined)
        signs.push({ seen: `${said.where} is a media error, and ${shown(refused)} answered 403.` });
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
  {
    id: 'refused-without-cookies',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: WHY_NO_COOKIES,
    title: 'The CDN refused: no signed cookie arrived.',
    why: 'CloudFront’s own refusals carry no CORS headers, so the browser speaks of CORS (R59, B77).',
    fix: 'Find out why no cookie was sent.',
    evidence: '403 in answer to a request without signed cookies, or the code MissingKey',
    toTellApart:
      'the Cookies tab of the refused request in the Network panel: which cookies were left out, and why',
    look: (facts) =>
      signsOf(
        facts.failing.filter(
          (load) =>
            isRefused(load) &&
            refusalOf(load)?.by !== 'S3' &&
            (cameWithoutCookies(load) || refusalOf(load)?.code === 'MissingKey'),
        ),
        (load) => `${shown(load)} answered 403; no signed cookie arrived.`,
      ),
  },
  {
    id: 'refused-with-cookies',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: WHY_REFUSED,
    title: 'The CDN refused though signed cookies arrived.',
    why: 'CloudFront says AccessDenied for an end that has passed, another address, another network and a wrong signature alike (R52).',
    fix: 'Compare the decoded policy with the address and the time; then the key with the key group.',
    evidence: '403 in answer to a request with signed cookies',
    toTellApart: 'the decoded policy of the cookie',
    look: (facts) =>
      signsOf(
        facts.failing.filter((load) => isRefused(load) && (signedCookiesOf(load)?.names.length ?? 0) > 0),
        (load) => `${shown(load)} answered 403 to a request with signed cookies.`,
      ),
  },
  {
    id: 'refused',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: WHY_EITHER,
    title: 'The CDN refused; the evidence does not show whether cookies arrived.',
    why: '403 is about access. CloudFront’s own refusals carry no CORS headers, so the browser speaks of CORS (R59, B77).',
    fix: 'Hand the doctor a HAR with cookies, or the address with --cookies.',
    evidence: '403 without the request’s cookies: a console line, or a HAR without them',
    toTellApart:
      'the Cookies tab of the refused request in the Network panel: which cookies were sent, which were left out, and why',
    look: (facts) =>
      signsOf(
        facts.failing.filter((load) => isRefused(load) && load.cookies === null),
        (load) => `${shown(load)} answered 403.`,
      ),
  },
  {
    id: 'probe-without-cookies',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    isAloneOnly: true,
    couldBe: WHY_EITHER,
    title: 'The CDN refused the probe because it had no cookies; whether the file opens with them is open.',
    why: 'A behavior with restricted viewer access refuses every request without signed cookies, so a right distribution answers the same (R51).',
    fix: 'Hand over the browser’s cookies: --cookies FILE (a cookie file, or the request copied as cURL), or --har FILE.',
    evidence: '403 in answer to a live address that was asked for without cookies, and nothing else about it',
    toTellApart:
      'the same probe with the browser’s cookies: --cookies FILE (a cookie file, or the request copied as cURL), or --har FILE',
    look: (facts) =>
      signsOf(
        facts.evidence.loads.filter(
          (load) =>
            load.probe === 'page' &&
            load.isComparison &&
            isRefused(load) &&
            facts.files.every(({ url }) => url !== load.url),
        ),
        (load) => `${shown(load)} answered 403 to a request without cookies.`,
      ),
  },
  {
    id: 'cors-refused',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: [
      'no-cors-headers',
      'browsers-own-copy',
      'other-origins-copy',
      'allowed-origin-differs',
      'redirect-to-another-origin',
    ],
    title: 'The CDN served the file, and its CORS headers keep the page from it.',
    why: '200 beside a CORS error is about the configuration of CORS, not about access (B77).',
    fix: 'Compare Access-Control-Allow-Origin with the page’s origin.',
    evidence: 'a CORS error with 200',
    toTellApart:
      'whether it goes away with "Disable cache" ticked, and X-Cache and Access-Control-Allow-Origin of the answer',
    look: (facts) =>
      signsOf(
        facts.failing.filter((load) => {
          const result = corsOf(load);
          return (
            result !== null &&
            result !== 'passes' &&
            !mayBeOfTheApi(load, facts) &&
            (isServed(load) || (load.status === null && result !== 'no-allow-origin'))
          );
        }),
        (load) => `${shown(load)} did not pass the CORS check.`,
      ),
  },
  {
    id: 'call-refused-by-cors',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: [
      'grant-cors-wrong',
      'wildcard-with-credentials',
      'credentials-not-allowed',
      'allowed-origin-differs',
      'origin-header-twice',
      'no-cors-headers',
    ],
    title: 'CORS keeps the page from an answer that may be one of the API or one of the CDN.',
    why: 'The same header is set in the code of the one and in the policy of the other.',
    fix: 'Correct the header that the console line names, where the answer comes from.',
    evidence: 'a CORS error with an address that looks like no file',
    toTellApart: 'whether the address is one of the API or one of a file',
    look: (facts) =>
      signsOf(
        facts.failing.filter(
          (load) => mayBeOfTheApi(load, facts) && corsOf(load) !== null && load.status !== 403,
        ),
        (load) => `${shown(load)} did not pass the CORS check.`,
      ),
  },
  {
    id: 'cors-or-access',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: [
      'grant-missing',
      'request-without-credentials',
      'domain-of-another-host',
      'grant-expired',
      'no-cors-headers',
      'browsers-own-copy',
    ],
    title: 'The browser saw no CORS header, and the status is not known.',
    why: '403 would be about access, 200 about the configuration of CORS, and no status about the network (B77).',
    fix: 'Copy the whole console, with the line that ends in net::ERR_FAILED and a number.',
    evidence: 'a CORS error without its status',
    toTellApart: 'the status of the request: in the second console line, or in the Network panel',
    look: (facts) =>
      signsOf(
        facts.failing.filter(
          ({ reason, status }) =>
            (reason === 'no-allow-origin' || reason === 'origin-not-allowed') && status === null,
        ),
        (load) => `${shown(load)} had no Access-Control-Allow-Origin.`,
      ),
  },
  {
    id: 'preflight-failed',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: ['preflight-refused', 'header-not-allowed', 'no-cors-headers'],
    title: 'The preflight did not pass.',
    why: 'A request with a header of its own, another method or a Range without a start asks with OPTIONS first (B74).',
    fix: 'Make the request without a preflight: GET or HEAD, no header of your own.',
    evidence: 'the browser’s line on a preflight, without its status',
    toTellApart: 'the status of the OPTIONS request in the Network panel',
    look: (facts) =>
      signsOf(
        loadsWith(facts, 'preflight-failed', 'preflight-status'),
        (load) => `${shown(load)}: its preflight did not pass.`,
      ),
  },
  {
    id: 'request-failed',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    couldBe: [
      'certificate-not-trusted',
      'nothing-answers',
      'host-not-found',
      'name-below-localhost',
      'mixed-content',
      'content-security-policy',
    ],
    title: 'The request got no answer: that is no matter of CORS.',
    why: 'Without a status nothing was refused by CORS or by the CDN: the network, TLS or the browser stopped the request (B77).',
    fix: 'Open the address of the file in a tab of its own.',
    evidence: 'no status, or "CORS request did not succeed" with (null)',
    toTellApart: 'what the browser shows when the address is opened in a tab of its own',
    look: (facts) =>
      signsOf(
        facts.failing.filter((load) => load.status === 0 || load.reason === 'request-failed'),
        (load) => `${shown(load)} got no answer.`,
      ),
  },
  {
    id: 'failed-without-a-word',
    catalogue: [],
    stage: 'symptom',
    isAnswer: false,
    isAloneOnly: true,
    couldBe: [
      'preflight-refused',
      'header-not-allowed',
      'no-cors-headers',
      'content-security-policy',
      'certificate-not-trusted',
      'nothing-answers',
    ],
    title: 'The request failed, and the recording shows neither an answer nor a reason.',
    why: 'For a failed preflight, a policy of the page and a dead network alike the recording may hold no more than "failed" (B77).',
    fix: 'Hand over the lines of the console too: --console FILE.',
    evidence: 'an entry of a HAR that failed, without status, headers and reason',
    toTellApart: 'the line of the console on that request',
    look: (facts) =>
      signsOf(
        facts.failing.filter(
          ({ status, headers, reason }) => status === null && headers === null && reason === null,
        ),
        (load) => `${shown(load)} failed.`,
      ),
  },
  {
    id: 'not-served',
    catalogue: [],
    stage: 'symptom',
    isAnswer: true,
    isAloneOnly: true,
    couldBe: [],
    title: 'The CDN answered with an error that is no refusal of access.',
    why: 'The request was let through, and the file could not be served. An error page often has no CORS headers, so the browser may speak of CORS beside it (B77).',
    fix: 'Open the address of the file in a tab of its own and mend what its status says.',
    evidence: 'a status from 400 on that is neither 403 nor one of headers that are too large',
    toTellApart: 'the status of the request in the Network panel',
    look: (facts) => {
      const signs = facts.failing
        .filter(({ status, method }) => isOtherError(status) && method !== 'OPTIONS')
        .map((load): Sign => {
          const status = load.status ?? 0;
          return { seen: `${shown(load)} answered ${status}.`, fix: fixOfError(status) };
        });
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
];

/** Causes of their own: access, and headers that are too large. */
const OF_OTHER_CHECKS: readonly (number | null)[] = [403, 413, 431, 494];

function isOtherError(status: number | null): boolean {
  return (status ?? 0) >= 400 && !OF_OTHER_CHECKS.includes(status);
}

function fixOfError(status: number): string {
  if (status === 404 || status === 410)
    return 'Compare the path of the address with the key in the bucket, byte for byte, and look at the origin path and the behavior that matches.';
  if (status === 401)
    return 'The origin asks for a sign-in of its own: look at the origin, CloudFront does not answer 401.';
  if (status === 405 || status === 501)
    return 'The behavior or the origin does not allow the method: look at AllowedMethods of the behavior that matches.';
  if (status === 416) return 'The range that was asked for lies beyond the end of the file.';
  if (status === 429 || status === 503)
    return 'Too many requests at once: wait, and look at the limits of the origin.';
  if (status >= 500)
    return 'CloudFront or the origin failed: look at the origin, and open its own address without CloudFront.';
  return 'Open the address of the file in a tab of its own and mend what its status says.';
}
