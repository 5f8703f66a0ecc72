import type { HeaderChoice, OriginRequestPolicy } from './cache-policy.js';
import { ALL_NAMES, NO_NAMES, type NameChoice } from './name-choice.js';

/** AWS's managed origin request policies by id (R63). */
export const MANAGED_ORIGIN_REQUEST_POLICIES: ReadonlyMap<string, OriginRequestPolicy> = new Map([
  // CORS-S3Origin
  [
    '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf',
    policy(['access-control-request-headers', 'access-control-request-method', 'origin']),
  ],
  // CORS-CustomOrigin
  ['59781a5b-3903-41f3-afcb-af62929ccde1', policy(['origin'])],
  // AllViewer
  ['216adef6-5c7f-47e4-b989-5492eafa07d3', policy([], 'all', ALL_NAMES, ALL_NAMES)],
  // AllViewerExceptHostHeader
  ['b689b0a8-53d0-40ab-baf2-68738e2966ac', policy(['host'], 'allExcept', ALL_NAMES, ALL_NAMES)],
  // AllViewerAndCloudFrontHeaders-2022-06; the edge makes no CloudFront-* headers
  ['33f36d7e-f396-46d9-90e0-52428a34d9dc', policy([], 'all', ALL_NAMES, ALL_NAMES)],
  // HostHeaderOnly
  ['bf0718e1-ba1e-49d1-88b1-f726733018ae', policy(['host'])],
  // UserAgentRefererHeaders
  ['acba4595-bd28-49b8-b9fe-13317c0390fa', policy(['referer', 'user-agent'])],
  // Elemental-MediaTailor-PersonalizedManifests
  [
    '775133bc-15f2-49f9-abea-afb2e0bf67d2',
    policy(
      [
        'access-control-request-headers',
        'access-control-request-method',
        'origin',
        'user-agent',
        'x-forwarded-for',
      ],
      'listed',
      NO_NAMES,
      ALL_NAMES,
    ),
  ],
]);

function policy(
  names: readonly string[],
  kind: HeaderChoice['kind'] = 'listed',
  cookies: NameChoice = NO_NAMES,
  queryStrings: NameChoice = NO_NAMES,
): OriginRequestPolicy {
  return { headers: { kind, names }, cookies, queryStrings };
}
