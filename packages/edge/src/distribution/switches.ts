/** What one switch may be set to in `edge.json`, and what it decides. The first value is the default. */
interface SwitchDescription {
  readonly values: readonly [string, ...string[]];
  readonly rules: string;
  readonly meaning: string;
}

/**
 * What AWS leaves open, one named switch each, so that a finding about real CloudFront flips one value
 * and touches no other rule. The defaults are those that docs/rules.md names.
 */
export const SWITCHES = {
  sha256Cookies: {
    values: ['accept', 'refuse'],
    rules: 'R3',
    meaning: 'cookies whose marker says SHA256',
  },
  statementObject: {
    values: ['refuse', 'accept'],
    rules: 'R13',
    meaning: '`Statement` as a bare object instead of an array',
  },
  unknownPolicyMembers: {
    values: ['ignore', 'refuse'],
    rules: 'R14',
    meaning: 'members such as `Version` at the top level or in the statement',
  },
  unknownConditions: {
    values: ['refuse', 'ignore'],
    rules: 'R14',
    meaning: 'conditions that CloudFront does not have',
  },
  duplicatePolicyMembers: {
    values: ['refuse', 'last-wins'],
    rules: 'R14',
    meaning: 'the same member twice in one object of the policy',
  },
  policyWithoutResource: {
    values: ['accept', 'refuse'],
    rules: 'R16, E06',
    meaning: 'a policy that opens every file of every distribution which trusts the key',
  },
  cookieWildcards: {
    values: ['sectioned', 'whole-url'],
    rules: 'R19',
    meaning: 'whether a wildcard in a cookie policy stays inside protocol, domain, path or query',
  },
  cookieProtocolWildcards: {
    values: ['accept', 'refuse'],
    rules: 'R22, R23',
    meaning: 'a cookie policy for `*`, `*host/…`, `*://…` or `http*://…`',
  },
  questionMark: {
    values: ['either', 'escaped', 'bare'],
    rules: 'R25',
    meaning: 'how the `?` before a query is written in a Resource: `\\?`, `?`, or either',
  },
  hostCase: {
    values: ['insensitive', 'sensitive'],
    rules: 'R24',
    meaning: 'upper and lower case in the host of a Resource',
  },
  hostPort: {
    values: ['verbatim', 'ignored'],
    rules: 'R24',
    meaning: 'the port in the `Host` header when it is compared with a Resource',
  },
  methodCheck: {
    values: ['first', 'after-signature'],
    rules: 'R47',
    meaning: 'which comes first: is the method allowed, is the viewer',
  },
  refusalHeaders: {
    values: ['none', 'policy'],
    rules: 'R59',
    meaning: 'whether refusals R51–R57 carry the headers of the response headers policy',
  },
  errorPageHeaders: {
    values: ['request', 'page', 'none'],
    rules: 'R60',
    meaning:
      'whose response headers policy a custom error page carries: that of the behavior that was asked, that of the page, or none',
  },
  policyOnOriginErrors: {
    values: ['apply', 'skip'],
    rules: 'R69',
    meaning: 'response headers policy on 4xx and 5xx of the origin',
  },
  policyOnNotModified: {
    values: ['apply', 'skip'],
    rules: 'R93',
    meaning: 'response headers policy on 304',
  },
  corsWithoutOrigin: {
    values: ['none', 'send'],
    rules: 'R70',
    meaning: 'CORS headers of the policy when the request has no `Origin`',
  },
  corsForOtherOrigin: {
    values: ['none', 'static'],
    rules: 'R72',
    meaning: 'whether a policy with one exact origin sends it to every other origin too',
  },
  policyPreflight: {
    values: ['options', 'options-with-method'],
    rules: 'R71',
    meaning:
      'whether OPTIONS needs `Access-Control-Request-Method` to get the preflight headers of a response headers policy',
  },
  anyOriginWithCredentials: {
    values: ['refuse', 'accept'],
    rules: 'R75',
    meaning: 'a response headers policy with origin `*` and credentials (a mistake in the folder)',
  },
  originCorsWhenUnmatched: {
    values: ['keep', 'remove'],
    rules: 'R77',
    meaning: "the origin's own CORS headers under override when the page's origin is not listed",
  },
  policyVary: {
    values: ['none', 'origin'],
    rules: 'R78',
    meaning: 'whether the policy adds `Vary: Origin` when it echoes an origin',
  },
  originVary: {
    values: ['forwarded', 'keep'],
    rules: 'R87',
    meaning: "names in the origin's `Vary` that are not forwarded to it: dropped or kept",
  },
  millisecondEpochs: {
    values: ['accept', 'refuse'],
    rules: 'R29',
    meaning: 'dates of 13 digits and more',
  },
  expirySecond: {
    values: ['deny', 'allow'],
    rules: 'R28',
    meaning: 'the very second that `DateLessThan` names',
  },
  quotedEpochs: {
    values: ['refuse', 'accept'],
    rules: 'R28',
    meaning: 'a date written as a JSON string',
  },
  policyAndExpires: {
    values: ['policy', 'expires', 'refuse'],
    rules: 'R43',
    meaning: 'which wins when both are sent',
  },
  duplicateCookies: {
    values: ['first', 'last', 'refuse'],
    rules: 'R44',
    meaning: 'which of two cookies of one name is read',
  },
  missingSignature: {
    values: ['MalformedSignature', 'MissingKey', 'AccessDenied'],
    rules: 'R56',
    meaning: 'the code when only the signature is missing',
  },
  missingPolicy: {
    values: ['MalformedPolicy', 'MissingKey', 'AccessDenied'],
    rules: 'R56',
    meaning: 'the code when both policy and expiry are missing',
  },
  decodingOrder: {
    values: ['policy-first', 'signature-first'],
    rules: 'R58',
    meaning: 'which undecodable value is reported when both are',
  },
  absurdKeyPairId: {
    values: ['MissingKey', 'InvalidKey'],
    rules: 'R56',
    meaning: 'the code for a key id that is not 1–64 letters and digits',
  },
  pathWithTwoReadings: {
    values: ['refuse', 'serve'],
    rules: 'R27, E17',
    meaning:
      'a path such as `/private%2Fx`, which chooses one behavior as it stands and another once S3 decodes it',
  },
  defaultRootBehavior: {
    values: ['object', 'root'],
    rules: 'R39',
    meaning: 'whether the behavior of `/` is chosen by the path of the default root object or by `/`',
  },
  hashAlgorithmParameter: {
    values: ['strip', 'forward'],
    rules: 'R49',
    meaning: 'whether the origin sees the query parameter `Hash-Algorithm`',
  },
  ipv6Viewer: {
    values: ['deny', 'allow'],
    rules: 'R31',
    meaning: 'a viewer with an IPv6 address under an `IpAddress` condition',
  },
  bareIpv4: {
    values: ['refuse', 'accept'],
    rules: 'R31',
    meaning: 'an `IpAddress` without a mask',
  },
  unpaddedBase64: {
    values: ['accept', 'refuse'],
    rules: 'R5, E04',
    meaning: 'encoded values whose padding `_` is missing',
  },
  rawEcdsaSignatures: {
    values: ['refuse', 'accept'],
    rules: 'R34',
    meaning: 'ECDSA signatures as raw r‖s instead of DER',
  },
  hashMarkerCase: {
    values: ['exact', 'any'],
    rules: 'R36',
    meaning: '`sha256` for `SHA256`',
  },
  bucketOriginCase: {
    values: ['sensitive', 'insensitive'],
    rules: 'R98',
    meaning: 'upper and lower case in the AllowedOrigins of a bucket',
  },
  optionsWithoutMethod: {
    values: ['BadRequest', 'AccessForbidden'],
    rules: 'R104',
    meaning:
      'what a bucket with CORS rules says to OPTIONS whose `Access-Control-Request-Method` is missing or none of its own',
  },
} as const satisfies Record<string, SwitchDescription>;

/** The name of a switch, as written in `edge.json`. */
export type SwitchName = keyof typeof SWITCHES;

/** The value of every switch. */
export type Switches = { readonly [Name in SwitchName]: (typeof SWITCHES)[Name]['values'][number] };

/** Every switch at its default. */
export const DEFAULT_SWITCHES: Switches = Object.fromEntries(
  Object.entries(SWITCHES).map(([name, description]) => [name, description.values[0]]),
) as Switches;
