import { requiredPrefix } from '../cloudfront/prefix-member.js';
import type { Prefix } from '../cloudfront/prefix.js';
import { Problem } from '../http/problems/problem.js';
import { readBody } from '../http/body/read-body.js';

/** Body of `POST /grants`. */
export interface GrantRequest {
  readonly prefix: Prefix;
  readonly ttlSeconds: number | undefined;
}

/**
 * Takes the parsed body of `POST /grants`, whatever it is; gives what it asks for.
 * @throws {Problem} `body_malformed`, `field_unknown`, the faults of a prefix, `ttl_invalid`
 */
export function readGrantRequest(body: unknown): GrantRequest {
  return readBody(body, { prefix: requiredPrefix, ttlSeconds });
}

function ttlSeconds(value: unknown): number | undefined {
  if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
  throw new Problem('ttl_invalid');
}
