import { isPrefix, pathOf, type Prefix } from './prefix.js';

// The distribution as a viewer sees it. A wildcard here would open other hosts (R18, R20), a path would
// move the place of the cookies: neither can be spelled.
const BASE_URL = /^https?:\/\/(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/;
// Ten digits end in the year 2286; thirteen are milliseconds, which CloudFront may take for the year 58000 (R29).
const MAX_EPOCH_SECONDS = 9_999_999_999;

/**
 * The Resource of a policy: `https://cdn.example.com/courses/algebra/*`, or `https://cdn.example.com/*` for `/`.
 * The path is escaped as browsers send it, because CloudFront compares the request as it came (R26).
 * Throws TypeError when the URL holds anything but scheme, lower-case host and port.
 */
export function resourceFor(cloudFrontUrl: string, prefix: Prefix): string {
  assertBaseUrl(cloudFrontUrl);
  return prefix === '/' ? `${cloudFrontUrl}/*` : `${cloudFrontUrl}${pathOf(prefix)}/*`;
}

/**
 * The custom policy for one prefix: one statement, one Resource, one end (R12, R15, R16).
 * Takes the end in epoch seconds; gives the exact text that is signed and sent, without white space.
 * Throws TypeError for an end that is no whole number of seconds, and for a URL that holds more than a host.
 */
export function buildPolicy(input: {
  readonly cloudFrontUrl: string;
  readonly prefix: Prefix;
  readonly expiresAtEpochSeconds: number;
}): Policy {
  assertCanonical(input.prefix);
  const resource = resourceFor(input.cloudFrontUrl, input.prefix);
  return policyOf(resource, input.expiresAtEpochSeconds, resource.length - 1);
}

/**
 * The policy for exactly one file. As a signed URL it is a canned policy: CloudFront writes the same text
 * itself from the address and `Expires` (R9, R10).
 * Takes the end in epoch seconds. Throws as {@link buildPolicy}, and for `/`, which is no file.
 */
export function buildFilePolicy(input: {
  readonly cloudFrontUrl: string;
  readonly path: Prefix;
  readonly expiresAtEpochSeconds: number;
}): Policy {
  assertCanonical(input.path);
  return policyOf(fileUrl(input.cloudFrontUrl, input.path), input.expiresAtEpochSeconds, -1);
}

/** A policy as it is signed, and the Resource in it. */
export interface Policy {
  readonly text: string;
  readonly resource: string;
}

/** The address of one file, as browsers write it. Throws TypeError for a base as in {@link resourceFor}, and for `/`. */
export function fileUrl(cloudFrontUrl: string, path: Prefix): string {
  assertBaseUrl(cloudFrontUrl);
  if (path === '/') throw notOnlyThisGrant();
  return `${cloudFrontUrl}${pathOf(path)}`;
}

/** @param wildcardAt where the only `*` stands; -1 for none */
function policyOf(resource: string, expiresAtEpochSeconds: number, wildcardAt: number): Policy {
  assertEpochSeconds(expiresAtEpochSeconds);
  const text = JSON.stringify({
    Statement: [
      { Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': expiresAtEpochSeconds } } },
    ],
  });
  assertOnlyThisGrant(text, resource, expiresAtEpochSeconds, wildcardAt);
  return { text, resource };
}

/** Throws TypeError unless the value is a positive whole number of at most ten digits. */
export function assertEpochSeconds(value: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= MAX_EPOCH_SECONDS) return;
  const hint = value > MAX_EPOCH_SECONDS ? ': this looks like milliseconds, divide by 1000' : '';
  throw new TypeError(
    `expected epoch seconds, a positive whole number of at most 10 digits, got ${value}${hint}`,
  );
}

function assertBaseUrl(cloudFrontUrl: string): void {
  if (BASE_URL.test(cloudFrontUrl)) return;
  throw new TypeError(
    'expected the distribution as scheme and lower-case host, https://cdn.example.com, without path, query, wildcard or trailing slash',
  );
}

/** A value cast to {@link Prefix} without readPrefix stops here instead of being signed. */
function assertCanonical(prefix: Prefix): void {
  if (!isPrefix(prefix)) throw notOnlyThisGrant();
}

/** Compares the finished text, byte for byte, with the one form that CloudFront documents (R9, R12, R15). */
function assertOnlyThisGrant(
  text: string,
  resource: string,
  expiresAtEpochSeconds: number,
  wildcardAt: number,
): void {
  const documented = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expiresAtEpochSeconds}}}}]}`;
  const isPlain = /^[\x21-\x7e]+$/.test(resource) && !/["\\?]/.test(resource);
  const wildcardStands = resource.indexOf('*') === wildcardAt && resource.lastIndexOf('*') === wildcardAt;
  if (text !== documented || !isPlain || !wildcardStands) throw notOnlyThisGrant();
}

function notOnlyThisGrant(): TypeError {
  return new TypeError(
    'expected a policy with one statement for one canonical prefix: read it with readPrefix or readFilePath first',
  );
}

/** Base64 as CloudFront writes it in cookies: `+` `=` `/` become `-` `_` `~` (R4). This is not base64url. */
export function toCloudFrontBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

/** The bytes behind {@link toCloudFrontBase64}. */
export function fromCloudFrontBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}
