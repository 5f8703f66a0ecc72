import { corsCheck } from '../browser/cors.js';
import { header, type Load } from '../evidence/evidence.js';
import { printable, showUrl } from '../evidence/show.js';
import {
  corsOf,
  hostOf,
  isServed,
  loadsAt,
  loadsOfHost,
  mayBeOfTheApi,
  onceForEach,
  originOf,
  originSent,
  type Facts,
} from '../facts.js';
import { distinct, shown, signOf, type Check, type Sign } from './check.js';

const allowOrigin = (load: Load) => load.quoted ?? header(load.headers, 'access-control-allow-origin') ?? '';

/** Answers that a configuration would give. */
const predicted = onceForEach(({ evidence }: Facts) =>
  evidence.loads.filter(({ source }) => source === 'configuration'),
);

/** Served answers, and those that a configuration would give, with what CORS says of each. */
const corsLoads = onceForEach((facts: Facts) =>
  [...facts.files, ...predicted(facts)].filter(
    (load) =>
      load.method !== 'OPTIONS' && (isServed(load) || load.status === null) && !mayBeOfTheApi(load, facts),
  ),
);

/** Loads whose CORS is known, so that a cause that none of them shows is ruled out. */
const known = onceForEach((facts: Facts) => corsLoads(facts).filter((load) => corsOf(load) !== null));

/** A cause that one result of the CORS check shows. */
function lookFor(facts: Facts, find: (load: Load) => Sign | null): readonly Sign[] | null {
  const signs = corsLoads(facts).flatMap((load) => find(load) ?? []);
  if (signs.length > 0) return distinct(signs);
  return known(facts).length > 0 ? [] : null;
}

/** Where the setting is: as the configuration says, also for what another kind of evidence shows. */
function decidedBy(load: Load, facts: Facts): { where?: string } {
  const result = corsOf(load);
  const where =
    load.decidedBy ??
    predicted(facts).find((other) => other.decidedBy !== null && corsOf(other) === result)?.decidedBy;
  return where === undefined || where === null ? {} : { where };
}

/** Whether the distribution as it is written would answer well: then what is seen is an older copy. */
const isPredictedWell = (load: Load, facts: Facts) =>
  predicted(facts).some((other) => hostOf(other.url) === hostOf(load.url) && corsOf(other) === 'passes');

/** Answers of the same host, not from the browser’s cache, that the page of a load could read. */
function rightAnswers(load: Load, { evidence }: Facts): readonly Load[] {
  const ofHost = loadsOfHost(load.url, evidence.loads);
  const byOrigin = rightAnswersByOrigin(ofHost);
  const origin = originSent(load) ?? '';
  const right =
    byOrigin.get(origin) ??
    ofHost.filter(
      (other) =>
        other.method !== 'OPTIONS' &&
        !other.fromBrowserCache &&
        corsCheck(other.headers, origin, true) === 'passes',
    );
  byOrigin.set(origin, right);
  return right.filter((other) => other !== load);
}

const rightAnswersByOrigin = onceForEach((_ofHost: readonly Load[]) => new Map<string, readonly Load[]>());

/** Those of some loads whose answer has CORS headers, for whatever page. */
const answersWithCors = onceForEach((loads: readonly Load[]) =>
  loads.filter(
    ({ method, headers }) => method !== 'OPTIONS' && header(headers, 'access-control-allow-origin') !== null,
  ),
);

/** Refused by CORS, and the answer’s headers are not shown. */
const isHidden = (load: Load) => corsOf(load) === 'no-allow-origin' && load.headers === null;

const isEdgeHit = (load: Load) =>
  /^(?:Hit|RefreshHit) from cloudfront/i.test(header(load.headers, 'x-cache') ?? '');

const isOfS3 = (load: Load) => /AmazonS3/i.test(header(load.headers, 'server') ?? '');

/** A value that no browser writes as an origin: a slash at the end, no scheme, a path, `null`, a list of words. */
function isNoOrigin(value: string): boolean {
  return !/^https?:\/\/[^/\s]+$/.test(value) || !URL.canParse(value) || new URL(value).origin !== value;
}

/** Whether both are origins of one host but for port, scheme or `www`: a slip in a list. */
function isSlip(value: string, origin: string): boolean {
  if (!URL.canParse(value) || !URL.canParse(origin)) return false;
  const bareHost = (url: string) => new URL(url).hostname.replace(/^www\./, '');
  return bareHost(value) === bareHost(origin);
}

const invalidate = (load: Load) =>
  `aws cloudfront create-invalidation --distribution-id ID --paths '${new URL(load.url).pathname.replaceAll("'", '')}'`;

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
  {
    id: 'stale-copy',
    catalogue: [],
    stage: 'cors',
    title: 'The distribution is right by now, and CloudFront still serves a copy from before.',
    why: 'CORS headers of the origin are stored with a copy; only time or an invalidation removes it (R85).',
    fix: 'Invalidate the paths once.',
    evidence: 'X-Cache: Hit with wrong CORS headers, while the configuration would answer well',
    toTellApart: 'whether a file that nobody asked for yet works',
    look: (facts) => {
      const signs = facts.files.flatMap((load): Sign[] => {
        const result = corsOf(load);
        if (
          result === null ||
          result === 'passes' ||
          !isServed(load) ||
          !isEdgeHit(load) ||
          !isPredictedWell(load, facts)
        )
          return [];
        return [
          {
            seen: `${shown(load)} is a Hit with wrong CORS headers, and the configuration would answer well.`,
            command: invalidate(load),
          },
        ];
      });
      return signs.length > 0 ? distinct(signs) : null;
    },
  },
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
  {
    id: 'other-origins-copy',
    catalogue: ['F31'],
    stage: 'cors',
    title: 'CloudFront serves a copy that was made for another origin, or for none.',
    why: 'Origin is passed on to the origin server without being part of the cache key: the request that comes first decides what all others get (R85).',
    fix: 'Put a response headers policy with the exact origins on the behavior, credentials allowed, origin override on; or put Origin into the cache key.',
    evidence:
      'another of your origins from S3, which only ever echoes; one address with different answers; a copy whose headers a fresh answer does not have; Origin passed on and not in the cache key',
    toTellApart: 'X-Cache, and whether a file that nobody asked for yet works',
    look: (facts) => {
      const signs: Sign[] = corsLoads(facts).flatMap((load): Sign[] => {
        const result = corsOf(load);
        if (result !== 'other-origin' && result !== 'no-allow-origin') return [];
        if (load.redirectedFrom !== null || load.fromBrowserCache || load.source === 'configuration')
          return [];
        if (isPredictedWell(load, facts)) return [];
        const value = allowOrigin(load);
        const changed = loadsAt(load.url, facts.evidence.loads).find(
          (other) =>
            other !== load && isServed(other) && other.headers !== null && hasSpokenOtherwise(other, load),
        );
        const fresh = rightAnswers(load, facts).find((other) => originSent(other) === originSent(load));
        if (result === 'other-origin') {
          if (isNoOrigin(value)) return [];
          if (isOfS3(load))
            return [
              {
                seen: `${shown(load)} answers ${printable(value)}, which S3 echoed to another request.`,
                ...keyed(facts),
              },
            ];
          if (changed !== undefined)
            return [
              {
                seen: `${shown(load)} answers ${printable(value)}; ${changed.where} got another answer from the same address.`,
                ...keyed(facts),
              },
            ];
          if (isEdgeHit(load) && fresh !== undefined)
            return [
              {
                seen: `${shown(load)} is a Hit with ${printable(value)}; ${fresh.where} of the same host is right.`,
                ...keyed(facts),
              },
            ];
          return [];
        }
        if (isEdgeHit(load) && fresh !== undefined)
          return [
            {
              seen: `${shown(load)} is a Hit without CORS headers; ${fresh.where} of the same host has them.`,
              ...keyed(facts),
            },
          ];
        return [];
      });
      const hazard = facts.evidence.configuration.find(({ kind }) => kind === 'origin-not-in-key');
      if (hazard !== undefined) {
        signs.push(signOf(hazard));
      }
      if (signs.length > 0) return distinct(signs);
      const isOpen = known(facts).some((load) => corsOf(load) === 'other-origin' || isHidden(load));
      return isOpen || known(facts).length === 0 ? null : [];
    },
  },
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
  {
    id: 'browsers-own-copy',
    catalogue: ['F33'],
    stage: 'cors',
    title: 'The browser uses its own copy, which an image had brought without CORS headers.',
    why: 'A plain <img> sends no Origin; without Vary: Origin the browser takes that copy for a later fetch too (B84).',
    fix: 'Send Vary: Origin with every answer, as a custom header of the response headers policy; fetch with cache: "reload" in browsers that hold the wrong copy.',
    evidence:
      'an answer from the browser’s cache without CORS headers, after a load without CORS of the same address; a fresh answer that has them',
    toTellApart: 'whether it goes away with "Disable cache" ticked',
    look: (facts) => {
      const signs: Sign[] = [];
      for (const load of corsLoads(facts)) {
        if (corsOf(load) !== 'no-allow-origin' || load.source === 'configuration') continue;
        const plain = loadsAt(load.url, facts.files).find(
          (other) => other !== load && other.mode === 'no-cors' && isServed(other),
        );
        const fresh = rightAnswers(load, facts).find((other) => originSent(other) === originSent(load));
        const isSafe = /\borigin\b/i.test(header(plain?.headers ?? load.headers, 'vary') ?? '');
        if (load.fromBrowserCache && !isSafe && (fresh !== undefined || plain !== undefined)) {
          if (fresh !== undefined)
            signs.push({
              seen: `${shown(load)} came from the browser’s cache without CORS headers; ${fresh.where} has them.`,
            });
        } else if (
          load.source === 'console' &&
          load.status === 200 &&
          fresh !== undefined &&
          fresh.url === load.url &&
          !isEdgeHit(fresh)
        ) {
          signs.push({
            seen: `${shown(load)} had no CORS headers for the page, and ${fresh.where} of the same address has them.`,
          });
        }
      }
      const hazard = facts.evidence.configuration.find(({ kind }) => kind === 'no-vary');
      if (hazard !== undefined) signs.push(signOf(hazard));
      const live = liveHazard(facts);
      if (live !== null) signs.push(live);
      if (signs.length > 0) return distinct(signs);
      const missing = known(facts).filter((load) => corsOf(load) === 'no-allow-origin');
      return missing.length > 0 && missing.every((load) => load.headers !== null && !load.fromBrowserCache)
        ? []
        : missing.length > 0
          ? null
          : known(facts).length > 0
            ? []
            : null;
    },
  },
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

/** One address gave this load one origin, and another request another. */
function hasSpokenOtherwise(other: Load, load: Load): boolean {
  const value = header(other.headers, 'access-control-allow-origin');
  return (
    value !== null &&
    value !== header(load.headers, 'access-control-allow-origin') &&
    value === originSent(load)
  );
}

function keyed({ evidence }: Facts): { where?: string } {
  const fact = evidence.configuration.find(({ kind }) => kind === 'origin-not-in-key');
  return fact === undefined ? {} : { where: fact.where };
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

/** A probe without Origin that browsers may keep, and that a later fetch would take (B84). */
function liveHazard({ evidence }: Facts): Sign | null {
  const plain = evidence.loads.find((load) => load.probe === 'without-origin' && isServed(load));
  if (plain === undefined || /\borigin\b|\*/i.test(header(plain.headers, 'vary') ?? '')) return null;
  if (header(plain.headers, 'access-control-allow-origin') !== null) return null;
  const withOrigin = evidence.loads.find(
    (load) => load.source === 'live' && load.url === plain.url && corsOf(load) === 'passes',
  );
  if (withOrigin === undefined || /no-store|no-cache/.test(header(plain.headers, 'cache-control') ?? ''))
    return null;
  return {
    seen: `${shown(plain)} has neither CORS headers nor Vary: Origin, so a browser may keep it for a later fetch.`,
    isWarning: true,
  };
}
