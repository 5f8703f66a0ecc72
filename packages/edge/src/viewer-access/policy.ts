import type { Switches } from '../distribution/switches.js';
import type { Ipv4Range } from './ipv4-range.js';
import { readIpv4Range } from './ipv4-range.js';
import type { PolicyJson } from './policy-json.js';
import { readPolicyJson } from './policy-json.js';

/** What a policy demands. Dates are Unix seconds of 64 bits, hence BigInt (R29). */
export interface Policy {
  /** Null: the policy names none and so opens everything that trusts its key (R16). */
  readonly resource: string | null;
  readonly dateLessThan: bigint;
  readonly dateGreaterThan: bigint | null;
  readonly sourceIp: Ipv4Range | null;
}

type PolicySwitches = Pick<
  Switches,
  | 'statementObject'
  | 'unknownPolicyMembers'
  | 'unknownConditions'
  | 'duplicatePolicyMembers'
  | 'millisecondEpochs'
  | 'quotedEpochs'
  | 'bareIpv4'
>;

const MAX_INT64 = 9223372036854775807n;
const FIRST_MILLISECOND_EPOCH = 1_000_000_000_000n;

/**
 * Reads the text of a custom policy (R11–R17, R28–R31), after its signature was verified (R8).
 * Names are exact, the one statement has one Resource and a `DateLessThan`; everything that is not
 * understood is refused unless a switch says otherwise. A fault is one word for the edge's own log.
 */
export function readPolicy(bytes: Buffer, switches: PolicySwitches): Policy | { readonly fault: string } {
  const json = readPolicyJson(bytes);
  if (json === null) return { fault: 'policy-not-json' };
  try {
    return new PolicyReader(switches).policy(json);
  } catch (error) {
    if (error instanceof Malformed) return { fault: error.message };
    throw error;
  }
}

/** Reads the digits of a date (R28, R29). Null when they are no int64, or milliseconds under the switch. */
export function readEpochSeconds(
  digits: string,
  switches: Pick<Switches, 'millisecondEpochs'>,
): bigint | null {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(digits)) return null;
  const value = BigInt(digits);
  if (value > MAX_INT64) return null;
  if (switches.millisecondEpochs === 'refuse' && value >= FIRST_MILLISECOND_EPOCH) return null;
  return value;
}

class Malformed extends Error {}

class PolicyReader {
  constructor(private readonly switches: PolicySwitches) {}

  policy(json: PolicyJson): Policy {
    const top = this.members(json, ['Statement'], this.switches.unknownPolicyMembers);
    const statement = this.members(
      this.onlyStatement(top.get('Statement')),
      ['Resource', 'Condition'],
      this.switches.unknownPolicyMembers,
    );
    const condition = this.members(
      statement.get('Condition'),
      ['DateLessThan', 'DateGreaterThan', 'IpAddress'],
      this.switches.unknownConditions,
    );
    const resource = statement.get('Resource');
    const dateLessThan = this.date(condition.get('DateLessThan'));
    if (dateLessThan === null) throw new Malformed('date-less-than-missing');
    return {
      resource: resource === undefined ? null : this.text(resource),
      dateLessThan,
      dateGreaterThan: this.date(condition.get('DateGreaterThan')),
      sourceIp: this.sourceIp(condition.get('IpAddress')),
    };
  }

  private onlyStatement(value: PolicyJson | undefined): PolicyJson {
    if (value?.type === 'object' && this.switches.statementObject === 'accept') return value;
    if (value?.type === 'object') throw new Malformed('statement-is-an-object');
    if (value?.type !== 'array') throw new Malformed('statement-missing');
    const [only, ...others] = value.elements;
    if (only === undefined || others.length > 0) throw new Malformed('not-exactly-one-statement');
    return only;
  }

  private date(value: PolicyJson | undefined): bigint | null {
    if (value === undefined) return null;
    const epoch = this.members(value, ['AWS:EpochTime'], 'refuse').get('AWS:EpochTime');
    const digits =
      epoch?.type === 'number'
        ? epoch.digits
        : epoch?.type === 'string' && this.switches.quotedEpochs === 'accept'
          ? epoch.text
          : '';
    const seconds = readEpochSeconds(digits, this.switches);
    if (seconds === null) throw new Malformed('epoch-not-an-integer-of-seconds');
    return seconds;
  }

  private sourceIp(value: PolicyJson | undefined): Ipv4Range | null {
    if (value === undefined) return null;
    const address = this.members(value, ['AWS:SourceIp'], 'refuse').get('AWS:SourceIp');
    const range = address?.type === 'string' ? readIpv4Range(address.text, this.switches.bareIpv4) : null;
    if (range === null) throw new Malformed('source-ip-not-one-ipv4-range');
    return range;
  }

  private text(value: PolicyJson): string {
    if (value.type !== 'string') throw new Malformed('resource-not-one-string');
    return value.text;
  }

  private members(
    value: PolicyJson | undefined,
    known: readonly string[],
    unknown: 'ignore' | 'refuse',
  ): ReadonlyMap<string, PolicyJson> {
    if (value?.type !== 'object') throw new Malformed('object-expected');
    const found = new Map<string, PolicyJson>();
    for (const [name, member] of value.members) {
      if (found.has(name) && this.switches.duplicatePolicyMembers === 'refuse') {
        throw new Malformed('duplicate-member');
      }
      if (!known.includes(name) && unknown === 'refuse') throw new Malformed('unknown-member');
      found.set(name, member);
    }
    return found;
  }
}
