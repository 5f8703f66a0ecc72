import { header, type Load } from '../evidence/evidence.js';
import { printable } from '../evidence/show.js';
import { corsOf, isServed, loadsAt, originSent, type Facts } from '../facts.js';
import { distinct, shown, signOf, type Check, type Sign } from './check.js';
import {
  allowOrigin,
  corsLoads,
  isEdgeHit,
  isHidden,
  isNoOrigin,
  isOfS3,
  isPredictedWell,
  known,
  rightAnswers,
} from './cors-answers.js';

/** A copy of CloudFront from before the distribution was mended. */
export const STALE_COPY: Check = {
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
};

/** A copy of CloudFront that was made for another page. */
export const OTHER_ORIGINS_COPY: Check = {
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
      if (load.redirectedFrom !== null || load.fromBrowserCache || load.source === 'configuration') return [];
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
};

/** A copy in the browser that an element brought. */
export const BROWSERS_OWN_COPY: Check = {
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
};

const invalidate = (load: Load) =>
  `aws cloudfront create-invalidation --distribution-id ID --paths '${new URL(load.url).pathname.replaceAll("'", '')}'`;

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
