import type { Switches } from '../distribution/switches.js';
import { rangeHolds } from './policy.js';
import type { Policy } from './policy.js';
import { refuse } from './refusal.js';
import type { AccessRequest } from './access-request.js';

/** Refuses a request that the dates or the address range of its policy exclude (R28–R31). */
export function checkConditions(access: AccessRequest, policy: Policy, switches: Switches): void {
  const now = BigInt(access.nowEpochSeconds);
  const { dateLessThan, dateGreaterThan, sourceIp } = policy;
  if (now > dateLessThan || (now === dateLessThan && switches.expirySecond === 'deny')) {
    refuse('AccessDenied', 'expired');
  }
  if (dateGreaterThan !== null && now <= dateGreaterThan) refuse('AccessDenied', 'not-yet-valid');
  if (sourceIp === null) return;
  const isInside = rangeHolds(sourceIp, access.peerAddress);
  if (isInside === null && switches.ipv6Viewer === 'deny') refuse('AccessDenied', 'viewer-speaks-ipv6');
  if (isInside === false) refuse('AccessDenied', 'source-ip-outside');
}
