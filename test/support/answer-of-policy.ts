import { applyPolicy } from '../../packages/edge/src/cors/apply-policy.js';
import { readDistribution } from '../../packages/edge/src/distribution/read-distribution.js';
import type { HeaderList } from '../../packages/edge/src/header-list.js';
import { behavior, distributionOf, list, rsaKey, writeFolder } from './edge-fixture.js';

const KEY = rsaKey('KVIEWER1');

/** One answer of an origin, the question it answers, and the policy that changes it. */
export interface PolicyCase {
  /** `CorsConfig` as AWS writes it; lists are given as arrays. */
  readonly cors?: Readonly<Record<string, unknown>>;
  /** Further parts of `ResponseHeadersPolicyConfig`. */
  readonly parts?: Readonly<Record<string, unknown>>;
  readonly method?: string;
  readonly origin?: string;
  readonly requestHeaders?: string;
  /** What the origin sent. */
  readonly from?: HeaderList;
}

/** `CorsConfig` with the members that AWS always writes. */
export function corsConfig(members: Readonly<Record<string, unknown>>): object {
  const config = {
    AccessControlAllowOrigins: [],
    AccessControlAllowHeaders: [],
    AccessControlAllowMethods: ['GET'],
    AccessControlAllowCredentials: false,
    OriginOverride: true,
    ...members,
  };
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, Array.isArray(value) ? list(value) : value]),
  );
}

/** The headers that the viewer gets, by way of a folder with that policy. */
export function headersUnderPolicy(given: PolicyCase): HeaderList {
  const { folder } = writeFolder({
    keys: [KEY],
    defaultBehavior: behavior({ ResponseHeadersPolicyId: 'p' }),
    policies: {
      p: { ...(given.cors === undefined ? {} : { CorsConfig: corsConfig(given.cors) }), ...given.parts },
    },
  });
  const { behaviors } = distributionOf(readDistribution(folder));
  const policy = behaviors[0]?.responseHeadersPolicy;
  if (policy === undefined || policy === null) throw new Error('the fixture has no policy');
  return applyPolicy(given.from ?? [], policy, {
    method: given.method ?? 'GET',
    headers: {
      origin: given.origin,
      'access-control-request-method': given.method === 'OPTIONS' ? 'GET' : undefined,
      'access-control-request-headers': given.requestHeaders,
    },
  });
}
