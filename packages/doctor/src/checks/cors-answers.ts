import { corsCheck } from '../browser/cors.js';
import { header, type Load } from '../evidence/evidence.js';
import {
  corsOf,
  hostOf,
  isServed,
  loadsOfHost,
  mayBeOfTheApi,
  onceForEach,
  originSent,
  type Facts,
} from '../facts.js';
import { distinct, type Sign } from './check.js';

/** What an answer allows: as a browser quoted it, else its header. */
export const allowOrigin = (load: Load) =>
  load.quoted ?? header(load.headers, 'access-control-allow-origin') ?? '';

/** Answers that a configuration would give. */
export const predicted = onceForEach(({ evidence }: Facts) =>
  evidence.loads.filter(({ source }) => source === 'configuration'),
);

/** Served answers, and those that a configuration would give, with what CORS says of each. */
export const corsLoads = onceForEach((facts: Facts) =>
  [...facts.files, ...predicted(facts)].filter(
    (load) =>
      load.method !== 'OPTIONS' && (isServed(load) || load.status === null) && !mayBeOfTheApi(load, facts),
  ),
);

/** Loads whose CORS is known, so that a cause that none of them shows is ruled out. */
export const known = onceForEach((facts: Facts) => corsLoads(facts).filter((load) => corsOf(load) !== null));

/** A cause that one result of the CORS check shows. */
export function lookFor(facts: Facts, find: (load: Load) => Sign | null): readonly Sign[] | null {
  const signs = corsLoads(facts).flatMap((load) => find(load) ?? []);
  if (signs.length > 0) return distinct(signs);
  return known(facts).length > 0 ? [] : null;
}

/** Where the setting is: as the configuration says, also for what another kind of evidence shows. */
export function decidedBy(load: Load, facts: Facts): { where?: string } {
  const result = corsOf(load);
  const where =
    load.decidedBy ??
    predicted(facts).find((other) => other.decidedBy !== null && corsOf(other) === result)?.decidedBy;
  return where === undefined || where === null ? {} : { where };
}

/** Whether the distribution as it is written would answer well: then what is seen is an older copy. */
export const isPredictedWell = (load: Load, facts: Facts) =>
  predicted(facts).some((other) => hostOf(other.url) === hostOf(load.url) && corsOf(other) === 'passes');

/** Answers of the same host, not from the browser’s cache, that the page of a load could read. */
export function rightAnswers(load: Load, { evidence }: Facts): readonly Load[] {
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

/** Refused by CORS, and the answer’s headers are not shown. */
export const isHidden = (load: Load) => corsOf(load) === 'no-allow-origin' && load.headers === null;

export const isEdgeHit = (load: Load) =>
  /^(?:Hit|RefreshHit) from cloudfront/i.test(header(load.headers, 'x-cache') ?? '');

export const isOfS3 = (load: Load) => /AmazonS3/i.test(header(load.headers, 'server') ?? '');

/** A value that no browser writes as an origin: a slash at the end, no scheme, a path, `null`, a list of words. */
export function isNoOrigin(value: string): boolean {
  return !/^https?:\/\/[^/\s]+$/.test(value) || !URL.canParse(value) || new URL(value).origin !== value;
}
