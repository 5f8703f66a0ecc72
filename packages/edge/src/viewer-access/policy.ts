import { isIPv4 } from 'node:net';

/** What a policy demands. Dates are Unix seconds of 64 bits, hence BigInt (R29). */
export interface Policy {
  /** Null: the policy names none and so opens everything that trusts its key (R16). */
  readonly resource: string | null;
  readonly dateLessThan: bigint;
  readonly dateGreaterThan: bigint | null;
  readonly sourceIp: Ipv4Range | null;
}

/** The IPv4 addresses of one `IpAddress` condition, as numbers. */
export interface Ipv4Range {
  readonly network: number;
  readonly maskBits: number;
}

const MAX_INT64 = 9223372036854775807n;

/**
 * Reads the text of a custom policy (R11–R17, R28–R31), after its signature was verified (R8).
 * Names are exact, the one statement has one Resource and a `DateLessThan`; everything that is not
 * understood is refused. A fault is one word for the edge's own log.
 */
export function readPolicy(bytes: Buffer): Policy | { readonly fault: string } {
  try {
    return policyOf(parse(bytes));
  } catch (error) {
    if (error instanceof Malformed) return { fault: error.message };
    throw error;
  }
}

/**
 * Reads the digits of a date (R28, R29). Null when they are no int64. Milliseconds are in range and so are taken
 * as seconds, as the guide's 64 bits say: such a policy ends in 50,000 years.
 */
export function readEpochSeconds(digits: string): bigint | null {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(digits)) return null;
  const value = BigInt(digits);
  return value > MAX_INT64 ? null : value;
}

/** Reads `192.0.2.0/24`; null for anything else. AWS names a bare address nowhere, so it is none (R31). */
export function readIpv4Range(text: string): Ipv4Range | null {
  const [address = '', bits = '', ...rest] = text.split('/');
  const maskBits = Number(bits);
  if (rest.length > 0 || !isIPv4(address) || !/^(0|[1-9][0-9]?)$/.test(bits) || maskBits > 32) return null;
  return { network: applyMask(toNumber(address), maskBits), maskBits };
}

/**
 * Says whether the address of a TCP peer is inside. An IPv4 address that the socket shows as
 * `::ffff:192.0.2.1` counts as IPv4; null means that the peer speaks IPv6.
 */
export function rangeHolds(range: Ipv4Range, peerAddress: string): boolean | null {
  const mapped = peerAddress.toLowerCase().startsWith('::ffff:') ? peerAddress.slice(7) : peerAddress;
  if (!isIPv4(mapped)) return null;
  return applyMask(toNumber(mapped), range.maskBits) === range.network;
}

class Malformed extends Error {}

/** A number as it was written: as a double it would lose digits, or the exponent that makes it malformed. */
class WrittenNumber {
  constructor(readonly digits: string) {}
}

/** Strict JSON in UTF-8, whitespace between tokens allowed (R11), no member twice in one object (R14). */
function parse(bytes: Buffer): unknown {
  let text: string;
  let value: unknown;
  let keptMembers = 0;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text, (_name, member: unknown, context?: { readonly source?: string }) => {
      if (typeof member === 'number') return new WrittenNumber(context?.source ?? '');
      if (isObject(member)) keptMembers += Object.keys(member).length;
      return member;
    });
  } catch {
    throw new Malformed('policy-not-json');
  }
  // JSON.parse keeps the last of two members of one name: outside its strings the text has a colon for each.
  const writtenMembers = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  if (writtenMembers !== keptMembers) throw new Malformed('duplicate-member');
  return value;
}

/** Members beside these, such as `Version`, are ignored; conditions that CloudFront does not have are not (R14). */
function policyOf(json: unknown): Policy {
  const statement = onlyStatement(members(json).get('Statement'));
  const parts = members(statement);
  const condition = members(parts.get('Condition'), ['DateLessThan', 'DateGreaterThan', 'IpAddress']);
  const resource = parts.get('Resource');
  const dateLessThan = date(condition.get('DateLessThan'));
  if (dateLessThan === null) throw new Malformed('date-less-than-missing');
  if (resource !== undefined && typeof resource !== 'string') throw new Malformed('resource-not-one-string');
  return {
    resource: resource ?? null,
    dateLessThan,
    dateGreaterThan: date(condition.get('DateGreaterThan')),
    sourceIp: sourceIp(condition.get('IpAddress')),
  };
}

/** R13: a bare object stood in an older guide; today's has an array of one. */
function onlyStatement(value: unknown): unknown {
  if (isObject(value)) throw new Malformed('statement-is-an-object');
  if (!Array.isArray(value)) throw new Malformed('statement-missing');
  const [only, ...others] = value as readonly unknown[];
  if (only === undefined || others.length > 0) throw new Malformed('not-exactly-one-statement');
  return only;
}

/** R28: a number without quotes. */
function date(value: unknown): bigint | null {
  if (value === undefined) return null;
  const epoch = members(value, ['AWS:EpochTime']).get('AWS:EpochTime');
  const seconds = epoch instanceof WrittenNumber ? readEpochSeconds(epoch.digits) : null;
  if (seconds === null) throw new Malformed('epoch-not-an-integer-of-seconds');
  return seconds;
}

function sourceIp(value: unknown): Ipv4Range | null {
  if (value === undefined) return null;
  const address = members(value, ['AWS:SourceIp']).get('AWS:SourceIp');
  const range = typeof address === 'string' ? readIpv4Range(address) : null;
  if (range === null) throw new Malformed('source-ip-not-one-ipv4-range');
  return range;
}

/** The members of an object, which may have no others than the known ones. */
function members(value: unknown, known: readonly string[] | null = null): ReadonlyMap<string, unknown> {
  if (!isObject(value)) throw new Malformed('object-expected');
  const found = new Map(Object.entries(value));
  if (known !== null && [...found.keys()].some((name) => !known.includes(name))) {
    throw new Malformed('unknown-member');
  }
  return found;
}

function isObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber)
  );
}

function toNumber(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

function applyMask(address: number, maskBits: number): number {
  return address - (address % 2 ** (32 - maskBits));
}
