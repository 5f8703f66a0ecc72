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
  if (!BASE_URL.test(cloudFrontUrl)) {
    throw new TypeError(
      'expected the distribution as scheme and lower-case host, https://cdn.example.com, without path, query, wildcard or trailing slash',
    );
  }
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
}): { readonly text: string; readonly resource: string } {
  const { expiresAtEpochSeconds, prefix } = input;
  assertEpochSeconds(expiresAtEpochSeconds);
  assertCanonical(prefix);
  const resource = resourceFor(input.cloudFrontUrl, prefix);
  const text = JSON.stringify({
    Statement: [
      { Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': expiresAtEpochSeconds } } },
    ],
  });
  assertOnlyThisGrant(text, resource, expiresAtEpochSeconds);
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

/** A value cast to {@link Prefix} without readPrefix stops here instead of being signed. */
function assertCanonical(prefix: Prefix): void {
  if (!isPrefix(prefix)) throw notOnlyThisGrant();
}

/** Compares the finished text, byte for byte, with the one form that CloudFront documents (R9, R12, R15). */
function assertOnlyThisGrant(text: string, resource: string, expiresAtEpochSeconds: number): void {
  const documented = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expiresAtEpochSeconds}}}}]}`;
  const isPlain = /^[\x21-\x7e]+$/.test(resource) && !/["\\?]/.test(resource);
  const hasOneFinalWildcard = resource.indexOf('*') === resource.length - 1;
  if (text !== documented || !isPlain || !hasOneFinalWildcard) throw notOnlyThisGrant();
}

function notOnlyThisGrant(): TypeError {
  return new TypeError(
    'expected a policy with one statement for one canonical prefix: read the prefix with readPrefix first',
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
