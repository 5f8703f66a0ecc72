import { hash } from 'node:crypto';
import { covers, pathOf, prefixOfPath, type Prefix } from '../prefix.js';
import { cookieValues } from '../../http/messages.js';
import type { CookiePath } from './cookie-kind.js';

/**
 * Where one set of cookies lives in a browser. A browser replaces or removes a cookie only for the same name,
 * Domain, Path (RFC 6265 section 5.3, step 11) and partition, so a clear names the place that was set.
 */
export interface CookiePlace {
  /** `null`: host-only. */
  readonly domain: string | null;
  readonly path: CookiePath;
  readonly partitioned: boolean;
}

/** One grant that this browser holds the cookies of, as a host application sees it. */
export interface HeldGrant {
  /** What its cookies reach. Where all cookies have Path=/, every grant reaches `/`, whichever prefix it was for. */
  readonly prefix: Prefix;
  /** Of its cookies; `null`: host-only. */
  readonly domain: string | null;
  readonly expiresAtEpochSeconds: number;
}

/** What this browser holds, unexpired, oldest first. */
export interface HeldGrants {
  /** Grants of the viewer that was asked for (of anybody, when none was named). */
  readonly own: readonly HeldGrant[];
  /** Grants that another viewer left in this browser. */
  readonly foreign: readonly HeldGrant[];
}

/** What our cookie of one grant says. It grants nothing; it says what there is to clear. */
export interface HeldRecord extends HeldGrant, CookiePlace {
  /**
   * Tags of the viewers who were granted it, `''` where a host named none. Several only where several cookies
   * of one name were sent, which a page on another host below the same domain can bring about.
   */
  readonly viewerTags: readonly string[];
  readonly issuedAtEpochSeconds: number;
  /** Read from the one cookie for all grants that edgepass 0.1 wrote, not from a cookie of its own. */
  readonly isOldForm: boolean;
}

/** The names of our own cookies in one deployment. */
export interface OwnCookies {
  /** The strongest that the deployment allows: browsers take `__Host-` only with Secure, Path=/ and no Domain. */
  readonly namePrefix: '__Host-' | '__Secure-' | '';
  readonly path: CookiePath;
}

/** Three or four CloudFront cookies and one of ours a grant, and a browser keeps about 180 for a registrable domain. */
const MAX_HELD_GRANTS = 20;
/** Of names, values and what stands between them in the `Cookie` header: servers refuse heads of 8 KB and more. */
export const MAX_HELD_BYTES = 3_500;

const VERSION = '1';
const NAME = 'edgepass-held-';
const OLD_NAME = 'edgepass-scopes';
const EPOCH_SECONDS = /^[1-9][0-9]{0,9}$/;
const DOMAIN = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)?$/;
const VIEWER_TAG = /^(?:[A-Za-z0-9_-]{11})?$/;
const MAX_DOMAIN_LENGTH = 253;

/** Tells viewers apart in the browser without writing their ids there: 64 bits of SHA-256. `''` for nobody. */
export function viewerTagOf(viewer: { readonly id: string } | undefined): string {
  return viewer === undefined ? '' : shortHash(viewer.id);
}

/**
 * The name of our cookie for the grant of a place: one for each, so that two answers that cross in the
 * browser write two cookies instead of one over the other.
 */
export function heldCookieName(place: CookiePlace, own: OwnCookies): string {
  const { domain, path, partitioned } = place;
  return `${own.namePrefix}${NAME}${shortHash([domain ?? '', partitioned ? 'P' : '', path].join('|'))}`;
}

/** `1|<issued>|<expires>|<viewer tag>|<Domain>|<P for Partitioned>|<Path>`, times in epoch seconds. */
export function formatHeldValue(record: HeldRecord): string {
  return [
    VERSION,
    record.issuedAtEpochSeconds,
    record.expiresAtEpochSeconds,
    record.viewerTags[0] ?? '',
    record.domain ?? '',
    record.partitioned ? 'P' : '',
    record.path,
  ].join('|');
}

/** The name of the one cookie in which edgepass 0.1 kept all grants. It is read and cleared, never written. */
export function oldCookieName(own: OwnCookies): string {
  return `${own.namePrefix}${OLD_NAME}`;
}

/**
 * Reads what the browser says that it holds, oldest first, from every cookie of our names: of several with
 * one name each counts, so that none can hide another. What is expired or not as we write it is ignored:
 * the header comes from the browser and may be anything.
 * @param current where this deployment sets cookies now; the old form does not say where it did
 */
export function readHeldCookies(
  header: string | undefined,
  own: OwnCookies,
  current: Omit<CookiePlace, 'path'>,
  nowEpochSeconds: number,
): readonly HeldRecord[] {
  if (header === undefined) return [];
  const byName = new Map<string, HeldRecord>();
  const add = (name: string, record: HeldRecord): void => {
    const known = byName.get(name);
    byName.set(name, known === undefined ? record : together(known, record));
  };
  for (const value of cookieValues(header, (name) => name === oldCookieName(own))) {
    for (const record of readOldForm(value.value, current)) add(heldCookieName(record, own), record);
  }
  for (const { name, value } of cookieValues(header, (candidate) =>
    candidate.startsWith(`${own.namePrefix}${NAME}`),
  )) {
    const record = parseHeldValue(value);
    if (record !== null && heldCookieName(record, own) === name) add(name, record);
  }
  return [...byName.values()]
    .filter(({ expiresAtEpochSeconds }) => expiresAtEpochSeconds > nowEpochSeconds)
    .toSorted((a, b) => a.issuedAtEpochSeconds - b.issuedAtEpochSeconds);
}

/** Whether the request carries the one cookie of edgepass 0.1. */
export function hasOldForm(header: string | undefined, own: OwnCookies): boolean {
  return header !== undefined && cookieValues(header, (name) => name === oldCookieName(own)).length > 0;
}

function parseHeldValue(value: string): HeldRecord | null {
  const [version, issued, expires, viewerTag, domain, partitioned, path, ...more] = value.split('|');
  if (version !== VERSION || path === undefined || more.length > 0) return null;
  const prefix = prefixOfPath(path);
  const isCanonical =
    EPOCH_SECONDS.test(issued ?? '') &&
    EPOCH_SECONDS.test(expires ?? '') &&
    VIEWER_TAG.test(viewerTag ?? '') &&
    DOMAIN.test(domain ?? '') &&
    (domain ?? '').length <= MAX_DOMAIN_LENGTH &&
    (partitioned === '' || partitioned === 'P');
  if (!isCanonical || prefix === null) return null;
  return {
    prefix,
    path: pathOf(prefix),
    domain: domain === '' || domain === undefined ? null : domain,
    partitioned: partitioned === 'P',
    viewerTags: [viewerTag ?? ''],
    issuedAtEpochSeconds: Number(issued),
    expiresAtEpochSeconds: Number(expires),
    isOldForm: false,
  };
}

/** `1|<16 hex digits of the viewer, or none>|<exp>:<prefix>|…`, the newest last. */
function readOldForm(value: string, current: Omit<CookiePlace, 'path'>): readonly HeldRecord[] {
  const [version, viewerTag, ...entries] = value.split('|');
  if (version !== '1' || !/^(?:[0-9a-f]{16})?$/.test(viewerTag ?? '')) return [];
  return entries.flatMap((entry) => {
    const [expires = '', ...rest] = entry.split(':');
    const text = rest.join(':');
    const prefix = prefixOfPath(text === '/' ? '/' : `/${text}`);
    if (!EPOCH_SECONDS.test(expires) || prefix === null) return [];
    return {
      ...current,
      prefix,
      path: pathOf(prefix),
      viewerTags: [viewerTag === '' || viewerTag === undefined ? '' : tagOfHex(viewerTag)],
      // The old form does not say; it ends within the longest lifetime, and everything new is newer.
      issuedAtEpochSeconds: 1,
      expiresAtEpochSeconds: Number(expires),
      isOldForm: true,
    };
  });
}

/** Two records of one place as one: it lives as long as the longer, and belongs to every viewer named. */
function together(one: HeldRecord, other: HeldRecord): HeldRecord {
  return {
    ...one,
    viewerTags: [...new Set([...one.viewerTags, ...other.viewerTags])],
    issuedAtEpochSeconds: Math.max(one.issuedAtEpochSeconds, other.issuedAtEpochSeconds),
    expiresAtEpochSeconds: Math.max(one.expiresAtEpochSeconds, other.expiresAtEpochSeconds),
    isOldForm: one.isOldForm && other.isOldForm,
  };
}

/** Whether a viewer other than this one was granted it. Nobody is another viewer where none is named. */
export function isForeign(record: HeldRecord, viewer: { readonly id: string } | undefined): boolean {
  const tag = viewerTagOf(viewer);
  return viewer !== undefined && record.viewerTags.some((other) => other !== tag);
}

/** What a browser holds after an answer, oldest first, and what the answer has to clear for it. */
export interface Settled {
  readonly kept: readonly HeldRecord[];
  readonly cleared: readonly HeldRecord[];
}

/**
 * Decides what stays: nothing of another viewer, no two that nest (a request below both would carry two
 * cookies of one name, and which of them CloudFront reads is not documented), and no more than the limits,
 * the oldest going first. What is added stays in any case; else of two that nest the wider one stays.
 * @param added the grant of this answer, if it is one
 * @param current where this deployment sets cookies now: of two at one path the one set there stays
 */
export function settleHeld(
  held: readonly HeldRecord[],
  viewer: { readonly id: string } | undefined,
  current: Omit<CookiePlace, 'path'>,
  added?: HeldRecord,
): Settled {
  if (held.length === 0) return { kept: added === undefined ? [] : [added], cleared: [] };
  const others = held.filter((record) => added === undefined || !isSamePlace(record, added));
  const candidates = others
    .filter((record) => !isForeign(record, viewer))
    .toSorted(
      (a, b) =>
        a.path.length - b.path.length ||
        Number(isAt(current, b)) - Number(isAt(current, a)) ||
        b.issuedAtEpochSeconds - a.issuedAtEpochSeconds,
    );
  const apart: HeldRecord[] = added === undefined ? [] : [added];
  for (const record of candidates) if (!apart.some((other) => nests(record, other))) apart.push(record);
  const oldestFirst = [...others.filter((record) => apart.includes(record)), ...(added ? [added] : [])];
  const kept = withinLimits(oldestFirst);
  return { kept, cleared: others.filter((record) => !kept.includes(record)) };
}

/** Whether two sets of cookies replace each other in a browser. */
export function isSamePlace(one: CookiePlace, other: CookiePlace): boolean {
  return isAt(one, other) && one.path === other.path;
}

function isAt(one: Omit<CookiePlace, 'path'>, other: Omit<CookiePlace, 'path'>): boolean {
  return one.domain === other.domain && one.partitioned === other.partitioned;
}

function nests(one: HeldRecord, other: HeldRecord): boolean {
  return covers(one.prefix, other.prefix) || covers(other.prefix, one.prefix);
}

/**
 * The first of some prefixes: as many as one browser holds grants of, by the limits of {@link settleHeld}. Domain
 * is not counted, so it may be a few more. An answer that clears them stays as short as one that clears what is held.
 */
export function asManyAsHeld(newestFirst: readonly Prefix[]): readonly Prefix[] {
  const records = newestFirst.map((prefix): HeldRecord => ({
    prefix,
    path: pathOf(prefix),
    domain: null,
    partitioned: false,
    viewerTags: ['-'.repeat(HASH_LENGTH)],
    issuedAtEpochSeconds: 1_000_000_000,
    expiresAtEpochSeconds: 1_000_000_000,
    isOldForm: false,
  }));
  return firstWithinLimits(records).map(({ prefix }) => prefix);
}

function withinLimits(oldestFirst: readonly HeldRecord[]): readonly HeldRecord[] {
  return firstWithinLimits(oldestFirst.toReversed()).toReversed();
}

function firstWithinLimits(newestFirst: readonly HeldRecord[]): readonly HeldRecord[] {
  let bytes = 0;
  const tooMany = newestFirst.findIndex((record, index) => {
    bytes += sentBytes(record);
    return index >= MAX_HELD_GRANTS || (index > 0 && bytes > MAX_HELD_BYTES);
  });
  return tooMany === -1 ? newestFirst : newestFirst.slice(0, tooMany);
}

/** What one of our cookies adds to a `Cookie` header: `; `, the longest name, `=` and the value. */
function sentBytes(record: HeldRecord): number {
  const name = `__Secure-${NAME}`.length + HASH_LENGTH;
  return 2 + name + 1 + formatHeldValue(record).length;
}

const HASH_LENGTH = 11;

function shortHash(text: string): string {
  return hash('sha256', text, 'buffer').subarray(0, 8).toString('base64url');
}

/** The tag of edgepass 0.1 was the same 64 bits in hex. */
function tagOfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url');
}
