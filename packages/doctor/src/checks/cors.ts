import { header, type Load } from '../evidence/evidence.js';
import { printable, showUrl } from '../evidence/show.js';
import { corsOf, loadsOfHost, onceForEach, originOf, originSent, type Facts } from '../facts.js';
import { distinct, shown, type Check, type Sign } from './check.js';
import {
  allowOrigin,
  corsLoads,
  decidedBy,
  isEdgeHit,
  isNoOrigin,
  isOfS3,
  isPredictedWell,
  known,
  lookFor,
  predicted,
  rightAnswers,
} from './cors-answers.js';
import { BROWSERS_OWN_COPY, OTHER_ORIGINS_COPY, STALE_COPY } from './cors-copies.js';

/** Those of some loads whose answer has CORS headers, for whatever page. */
const answersWithCors = onceForEach((loads: readonly Load[]) =>
  loads.filter(
    ({ method, headers }) => method !== 'OPTIONS' && header(headers, 'access-control-allow-origin') !== null,
  ),
);

/** Whether both are origins of one host but for port, scheme or `www`: a slip in a list. */
function isSlip(value: string, origin: string): boolean {
  if (!URL.canParse(value) || !URL.canParse(origin)) return false;
  const bareHost = (url: string) => new URL(url).hostname.replace(/^www\./, '');
  return bareHost(value) === bareHost(origin);
}

/** CORS headers of the file itself: whose they are, and for whom. */
export const CORS_CHECKS: readonly Check[] = [
  {
    id: 'origin-header-twice',
    catalogue: ['F34'],
    stage: 'cors',
    title: 'Access-Control-Allow-Origin stands twice in the answer.',
    why: 'Origin server and response headers policy each add one; browsers take neither (B88).',
    fix: 'Let one of them speak: origin override on in the policy, or no CORS at the origin.',
    evidence: 'the header twice, or two values in it; the browser’s own line',
    toTellApart: 'the raw response headers',
    look: (facts) =>
      lookFor(facts, (load) =>
        corsOf(load) === 'several-origins'
          ? {
              seen: `${shown(load)} has several values in Access-Control-Allow-Origin${load.source === 'console' ? '' : `: ${printable(allowOrigin(load).replaceAll('\n', ', '))}`}.`,
              ...decidedBy(load, facts),
            }
          : null,
      ),
  },
  STALE_COPY,
  {
    id: 'wildcard-with-credentials',
    catalogue: ['F28'],
    stage: 'cors',
    title: 'The CDN answers Access-Control-Allow-Origin: * to a request with cookies.',
    why: 'With credentials the header must name the page’s exact origin (B72). No managed CORS policy of CloudFront does, and S3 does not for a rule with * (R66, R96).',
    fix: 'Name the exact origin of the page, allow credentials and let the policy override the origin; then invalidate what was cached.',
    evidence: 'the value * beside cookies in the request; the browser’s own line',
    toTellApart: 'the value of Access-Control-Allow-Origin',
    look: (facts) =>
      lookFor(facts, (load) =>
        corsOf(load) === 'wildcard-origin'
          ? {
              seen: `${shown(load)} ${load.source === 'configuration' ? 'would answer' : 'answers'} Access-Control-Allow-Origin: * to ${load.page ?? 'the page'}.`,
              ...decidedBy(load, facts),
            }
          : null,
      ),
  },
  {
    id: 'credentials-not-allowed',
    catalogue: ['F29'],
    stage: 'cors',
    title: 'The CDN names the page’s origin and does not allow credentials.',
    why: 'Access-Control-Allow-Credentials must be exactly true; True, false or no header refuse (B72).',
    fix: 'Set AccessControlAllowCredentials of the response headers policy to true, or send the header from the origin.',
    evidence: 'the header’s value; the browser’s own line',
    toTellApart: 'the value of Access-Control-Allow-Credentials',
    look: (facts) =>
      lookFor(facts, (load) => {
        if (corsOf(load) !== 'no-credentials') return null;
        const value = header(load.headers, 'access-control-allow-credentials');
        const found = load.headers === null ? (load.quoted ?? '') : (value ?? '');
        return {
          seen: `${shown(load)} has ${found === '' ? 'no Access-Control-Allow-Credentials' : `Access-Control-Allow-Credentials: ${printable(found)}`}.`,
          ...decidedBy(load, facts),
        };
      }),
  },
  {
    id: 'redirect-to-another-origin',
    catalogue: ['F38'],
    stage: 'cors',
    title: 'The request was redirected from another origin, which makes Origin null.',
    why: 'After a redirect from one foreign origin to another browsers send Origin: null, and no allowed origin fits (B82).',
    fix: 'Return the address of the file in JSON and let the page fetch it, in the place of a redirect.',
    evidence: 'a 3xx before the request, and Origin: null; "(redirected from" in the console',
    toTellApart: 'whether the same address works when the page fetches it directly',
    look: (facts) => {
      const signs = facts.files.flatMap((load): Sign[] => {
        if (load.redirectedFrom === null || originOf(load.redirectedFrom) === originOf(load.url)) return [];
        const result = corsOf(load);
        const isNull = header(load.requestHeaders, 'origin') === 'null';
        const isSaid =
          load.source === 'console' &&
          ['other-origin', 'no-allow-origin', 'origin-not-allowed'].includes(load.reason ?? '') &&
          load.status !== 403;
        const isFailing = result !== null && result !== 'passes' && result !== 'wildcard-origin';
        return (isNull && (isFailing || load.failed === true)) || isSaid
          ? [{ seen: `${shown(load)} was redirected from ${showUrl(load.redirectedFrom)}.` }]
          : [];
      });
      if (signs.length > 0) return distinct(signs);
      return facts.files.length > 0 ? [] : null;
    },
  },
  OTHER_ORIGINS_COPY,
  {
    id: 'allowed-origin-differs',
    catalogue: ['F30'],
    stage: 'cors',
    title: 'The allowed origin is not the page’s origin: a slash, a port, a scheme or www differs.',
    why: 'The header is compared with the page’s origin byte by byte (B72).',
    fix: 'Write the origin exactly as location.origin shows it.',
    evidence: 'Access-Control-Allow-Origin beside the page’s origin; lists of the policy and of the bucket',
    toTellApart: 'location.origin beside the value, character by character',
    look: (facts) => {
      const signs: Sign[] = [];
      let isUnsure = false;
      for (const load of corsLoads(facts)) {
        if (corsOf(load) !== 'other-origin' || isPredictedWell(load, facts)) continue;
        const value = allowOrigin(load);
        const origin = originSent(load) ?? facts.page ?? '';
        if (load.redirectedFrom !== null && value === (load.page ?? '')) continue;
        const isCertain =
          isNoOrigin(value) ||
          load.source === 'configuration' ||
          (!isOfS3(load) && !isEdgeHit(load) && load.headers !== null);
        if (isCertain || (isSlip(value, origin) && !isOfS3(load) && !isEdgeHit(load))) {
          signs.push({
            seen: `${shown(load)} allows ${printable(value)}, the page is ${origin}.`,
            ...decidedBy(load, facts),
          });
        } else isUnsure = true;
      }
      if (known(facts).some(({ reason }) => reason === 'origin-not-allowed')) isUnsure = true;
      signs.push(...predictedSlips(facts));
      if (signs.length > 0) return distinct(signs);
      return isUnsure ? null : known(facts).length > 0 ? [] : null;
    },
  },
  BROWSERS_OWN_COPY,
  {
    id: 'no-cors-headers',
    catalogue: ['F32'],
    stage: 'cors',
    title: 'The CDN serves the file without any CORS header for this page.',
    why: 'There is no response headers policy with CORS, or there is one that does not list this origin; and the origin server sends none: S3 speaks only where the bucket has rules and CloudFront passes Origin on (R84, R94).',
    fix: 'Let a response headers policy on the behavior list exactly the page’s origin, credentials allowed, origin override on.',
    evidence:
      'a fresh answer with 200 and without Access-Control-Allow-Origin; a configuration with no policy and no Origin passed on',
    toTellApart: 'whether curl with the page’s Origin shows Access-Control-Allow-Origin',
    look: (facts) => {
      const signs: Sign[] = [];
      let isUnsure = false;
      for (const load of corsLoads(facts)) {
        if (corsOf(load) !== 'no-allow-origin' || load.redirectedFrom !== null) continue;
        if (isPredictedWell(load, facts)) continue;
        if (predictedSlips(facts).length > 0) continue;
        const isKnownFresh = load.headers !== null && !load.fromBrowserCache;
        if (rightAnswers(load, facts).length > 0 && load.source !== 'configuration') continue;
        // The page may be one that is not listed: then the header is there for others.
        const isForOthers = answersWithCors(loadsOfHost(load.url, facts.evidence.loads)).some(
          (other) => other !== load,
        );
        if (isKnownFresh && !isForOthers) {
          signs.push({
            seen: `${shown(load)} ${load.source === 'configuration' ? 'would answer' : 'answered'} ${load.status ?? 200} without Access-Control-Allow-Origin.`,
            ...decidedBy(load, facts),
            ...listing(load, facts),
          });
        } else isUnsure = true;
      }
      if (signs.length > 0) return distinct(signs);
      return isUnsure ? null : known(facts).length > 0 ? [] : null;
    },
  },
];

/** Why no header came, as far as a configuration tells: a policy that lists other origins is not no policy. */
function listing(load: Load, facts: Facts): Pick<Sign, 'fix' | 'why'> {
  const origin = originSent(load);
  const fix =
    origin === null
      ? {}
      : {
          fix: `Let a response headers policy on the behavior list exactly ${printable(origin)}, credentials allowed, origin override on.`,
        };
  const { where } = decidedBy(load, facts);
  if (where === undefined) return fix;
  const unlisted = facts.evidence.configuration.find(
    (fact) => fact.kind === 'origin-not-listed' && fact.where === where,
  );
  if (unlisted !== undefined)
    return { ...fix, why: unlisted.text, ...(unlisted.fix === undefined ? {} : { fix: unlisted.fix }) };
  if (where.includes('CorsConfig.')) return fix;
  return {
    ...fix,
    why: 'There is no response headers policy with CORS, and the origin sends none: S3 speaks only where the bucket has rules and CloudFront passes Origin on (R84, R94).',
  };
}

/** The configuration lists an origin that differs from the page’s by a slip, and so answers nothing. */
function predictedSlips(facts: Facts): readonly Sign[] {
  return predicted(facts).flatMap((load): Sign[] => {
    if (corsOf(load) !== 'no-allow-origin' || load.quoted === null) return [];
    return [
      {
        seen: `${load.where} lists ${printable(load.quoted)}; the page is ${load.page ?? ''}.`,
        ...(load.decidedBy === null ? {} : { where: load.decidedBy }),
      },
    ];
  });
}
