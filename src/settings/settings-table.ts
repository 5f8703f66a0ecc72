import { isKeyPairId } from '../cloudfront/keys/signing-key.js';
import {
  appOrigins,
  cloudFrontUrl,
  cookieDomain,
  jwksUrl,
  listenHost,
  publicUrl,
  databaseUrl,
  trustedProxies,
} from './addresses.js';
import { fault, flag, line, oneOf, path, valid, wholeNumber, type Parse } from './parsed.js';
import { Secret } from './secret.js';
import { algorithms, claim, cookieName, tokenSecret } from './sign-in-forms.js';

/** One setting: everything that the reader, `.env.example` and `docs/settings.md` say about it. */
export interface SettingRow<T> {
  readonly group: SettingGroup;
  /** For people, with what it means. */
  readonly meaning: string;
  /** For people: what a value looks like. Begins like the end of "expected …". */
  readonly form: string;
  /** For people; `null` = none. */
  readonly default: string | null;
  /** The text that stands in where none is given; `development` also counts under `NODE_ENV=test`. */
  readonly production: string | null;
  readonly development: string | null;
  readonly example: string;
  /** No message shows the value or a part of it. */
  readonly secret?: true;
  readonly parse: Parse<T>;
}

export const SETTING_GROUPS = [
  'Service',
  'CloudFront',
  'Cookies',
  'Grants',
  'Sign-in',
  'Storage',
  'Operation',
] as const;
export type SettingGroup = (typeof SETTING_GROUPS)[number];

const row = <T>(setting: SettingRow<T>): SettingRow<T> => setting;
/** The same default everywhere. */
const always = (text: string) => ({ default: text, production: text, development: text });
const none = { default: null, production: null, development: null };
const inDevelopment = (text: string) => ({
  default: `${text} in development`,
  production: null,
  development: text,
});
const made = { default: 'made in development', production: null, development: null };

const port = wholeNumber(1, 65_535);
/** Browsers cut a cookie's life at 400 days, so a longer grant could not be kept. */
const LONGEST_TTL_SECONDS = 400 * 24 * 3600;
const SHORTEST_TTL_SECONDS = 60;
const seconds = wholeNumber(SHORTEST_TTL_SECONDS, LONGEST_TTL_SECONDS);
/** With the time for requests under way it stays below the 10 s after which `docker stop` kills. */
const LONGEST_DRAIN_SECONDS = 8;
const MOST_PER_MINUTE = 1_000_000;

/** Every setting, in the order in which people read them. Nothing else in `src/` knows a name of the environment. */
export const SETTINGS_TABLE = {
  NODE_ENV: row({
    group: 'Service',
    meaning:
      'Which rules apply. Only `npm start` and `npm test` set `development` and `test`. Taken from the environment alone, never from `.env`.',
    form: 'production, development or test',
    ...always('production'),
    example: 'production',
    parse: oneOf(['production', 'development', 'test']),
  }),
  HOST: row({
    group: 'Service',
    meaning:
      'The address that the API listens on; `localhost` is both loopback addresses. The container sets `0.0.0.0`. With the demo sign-in a loopback address.',
    form: 'an IP address or a host name',
    ...always('127.0.0.1'),
    example: '0.0.0.0',
    parse: listenHost,
  }),
  PORT: row({
    group: 'Service',
    meaning:
      'The port that the API listens on. With `npm start` set it only where a proxy of yours stands at `PUBLIC_URL`: without it the API listens on the port of that address.',
    form: 'a port from 1 to 65535',
    ...always('3001'),
    example: '3001',
    parse: port,
  }),
  PUBLIC_URL: row({
    group: 'Service',
    meaning:
      "The API's address as browsers see it. It may end in a path, under which every route and our own cookies then live. Required in production.",
    form: 'an https:// address without query (http:// in development only)',
    ...inDevelopment('https://api.edgepass.localhost:3001'),
    example: 'https://api.media.example.com',
    parse: publicUrl,
  }),
  APP_ORIGINS: row({
    group: 'Service',
    meaning:
      'The exact origins that may call the API with credentials. Never `*`, never a pattern. Required in production.',
    form: 'https:// origins separated by commas (http:// in development only)',
    ...inDevelopment('https://app.edgepass.localhost:3000'),
    example: 'https://app.example.com,https://admin.example.com',
    parse: appOrigins,
  }),
  TRUSTED_PROXIES: row({
    group: 'Service',
    meaning:
      'The proxies in front of the API whose `X-Forwarded-For` counts: `127.0.0.1` for nginx on the same machine, the subnets of a load balancer. docs/deploying.md has examples.',
    form: 'IP addresses or CIDR ranges separated by commas, never everything',
    ...none,
    example: '10.0.0.0/8',
    parse: trustedProxies,
  }),
  TLS_CERT_FILE: row({
    group: 'Service',
    meaning:
      'Certificate chain (PEM), to serve HTTPS directly; together with `TLS_KEY_FILE`. Without both, production speaks plain HTTP behind a TLS terminator.',
    form: 'the path of a PEM file',
    ...made,
    example: '/run/secrets/tls.pem',
    parse: path,
  }),
  TLS_KEY_FILE: row({
    group: 'Service',
    meaning: 'Private key (PEM) of that certificate; together with `TLS_CERT_FILE`.',
    form: 'the path of a PEM file',
    ...made,
    example: '/run/secrets/tls-key.pem',
    parse: path,
  }),
  CLOUDFRONT_DOMAIN: row({
    group: 'CloudFront',
    meaning: 'The distribution as the viewer sees it. Required in production.',
    form: 'a host name alone or after https:// (http:// and a port in development only)',
    ...inDevelopment('https://cdn.edgepass.localhost:3002'),
    example: 'cdn.media.example.com',
    parse: cloudFrontUrl,
  }),
  CLOUDFRONT_KEY_PAIR_ID: row({
    group: 'CloudFront',
    meaning:
      'Id of the public key in CloudFront. Required beside `CLOUDFRONT_PRIVATE_KEY`; absent where the key file names it. The log names it at start with the fingerprint of the key that signs; docs/rotation.md has the command that prints the fingerprint of the key in CloudFront.',
    form: 'the id that CloudFront gave the public key, letters and digits',
    ...made,
    example: 'K2JCJMDEHXQW5F',
    parse: (text) =>
      isKeyPairId(text)
        ? valid(text)
        : fault('copy the id (K…) from CloudFront › Key management › Public keys'),
  }),
  CLOUDFRONT_PRIVATE_KEY: row({
    group: 'CloudFront',
    meaning:
      'The private key itself: RSA-2048 or ECDSA P-256; PKCS#1, PKCS#8 or SEC1. Real newlines, `\\n` escapes, CRLF, quotes and base64 of the PEM are understood. This or `CLOUDFRONT_PRIVATE_KEY_FILE` is required in production.',
    form: 'a private key in PEM, or base64 of it',
    ...made,
    example: '-----BEGIN PRIVATE KEY-----\\n…',
    secret: true,
    parse: (text) => valid(new Secret(text)),
  }),
  CLOUDFRONT_PRIVATE_KEY_FILE: row({
    group: 'CloudFront',
    meaning:
      'A file with the private key. It may begin with a line `Key-Pair-Id: K…` above the PEM, so that id and key change together by one rename. Its owner and its group may read it and only its owner may write it; production refuses other modes (in a Kubernetes secret volume: `defaultMode: 0400`).',
    form: 'the path of a PEM file',
    ...made,
    example: '/run/secrets/cloudfront.pem',
    parse: path,
  }),
  CLOUDFRONT_HASH_ALGORITHM: row({
    group: 'CloudFront',
    meaning: 'The hash under the signature. `SHA256` adds the cookie `CloudFront-Hash-Algorithm`.',
    form: 'SHA1 or SHA256',
    ...always('SHA1'),
    example: 'SHA256',
    parse: oneOf(['SHA1', 'SHA256']),
  }),
  COOKIE_DOMAIN: row({
    group: 'Cookies',
    meaning: 'Domain of the CloudFront cookies, in place of the derived one; checked against the same rules.',
    form: 'a host name that the API and the distribution share, without scheme or port',
    ...none,
    default: 'derived from the addresses',
    example: 'media.example.com',
    parse: cookieDomain,
  }),
  COOKIE_SAME_SITE: row({
    group: 'Cookies',
    meaning: 'SameSite of the CloudFront cookies, in place of the derived one.',
    form: 'Lax, Strict or None',
    ...none,
    default: 'derived from the addresses',
    example: 'Lax',
    parse: oneOf(['Lax', 'Strict', 'None']),
  }),
  COOKIE_SECURE: row({
    group: 'Cookies',
    meaning: 'Secure of the CloudFront cookies, in place of the derived one.',
    form: 'true or false',
    ...none,
    default: 'derived from the addresses',
    example: 'true',
    parse: flag,
  }),
  COOKIE_PARTITIONED: row({
    group: 'Cookies',
    meaning: 'Partitioned (CHIPS) of the CloudFront cookies, in place of the derived one.',
    form: 'true or false',
    ...none,
    default: 'derived from the addresses',
    example: 'true',
    parse: flag,
  }),
  COOKIE_PATH: row({
    group: 'Cookies',
    meaning:
      '`prefix`: one cookie set per granted prefix, several live side by side. `root`: Path=/, the newest grant replaces the one before.',
    form: 'prefix or root',
    ...always('prefix'),
    example: 'root',
    parse: oneOf(['prefix', 'root']),
  }),
  GRANT_TTL_SECONDS: row({
    group: 'Grants',
    meaning: 'Lifetime of a grant, in seconds, when the caller names none. At most `GRANT_MAX_TTL_SECONDS`.',
    form: 'whole seconds, at least 60',
    ...always('900'),
    example: '900',
    parse: seconds,
  }),
  GRANT_MAX_TTL_SECONDS: row({
    group: 'Grants',
    meaning:
      'Longest lifetime, in seconds. A signed cookie cannot be called back, so it is also how long a revoked viewer can still open files.',
    form: 'whole seconds, at least 60',
    ...always('3600'),
    example: '3600',
    parse: seconds,
  }),
  GRANT_LIMIT_PER_VIEWER: row({
    group: 'Grants',
    meaning:
      'How many grants a viewer may get in a minute, on all devices and from all instances together, then 429 with `Retry-After`. Counted in the audit log, so that a few more may pass at the very same moment. `0` is no limit.',
    form: 'a whole number of grants a minute, or 0',
    ...always('120'),
    example: '120',
    parse: wholeNumber(0, MOST_PER_MINUTE),
  }),
  AUTH_MODE: row({
    group: 'Sign-in',
    meaning:
      '`jwt`: access tokens of your own sign-in. `demo`: three built-in users; needs `NODE_ENV=development`, the generated key and all three addresses under `.localhost`, and is the default exactly there, as long as no other setting of this group names a key, issuer or audience.',
    form: 'jwt or demo',
    ...none,
    default: '`jwt` (`demo` under `npm start`)',
    example: 'jwt',
    parse: oneOf(['jwt', 'demo']),
  }),
  AUTH_JWKS_URL: row({
    group: 'Sign-in',
    meaning:
      'Where the keys of access tokens come from: the JWKS of the identity provider. Exactly one of `AUTH_JWKS_URL`, `AUTH_PUBLIC_KEY_FILE` and `AUTH_SECRET` is required in `jwt` mode.',
    form: 'an https:// address (http:// in development only)',
    ...none,
    example: 'https://id.example.com/.well-known/jwks.json',
    parse: jwksUrl,
  }),
  AUTH_PUBLIC_KEY_FILE: row({
    group: 'Sign-in',
    meaning: 'Or: a file with the public key (PEM) that verifies access tokens.',
    form: 'the path of a PEM file',
    ...none,
    example: '/run/secrets/token-key.pem',
    parse: path,
  }),
  AUTH_SECRET: row({
    group: 'Sign-in',
    meaning: 'Or: the secret that signs access tokens (48 bytes for HS384, 64 for HS512).',
    form: 'a secret of at least 32 bytes',
    ...none,
    example: '(openssl rand -base64 48)',
    secret: true,
    parse: tokenSecret,
  }),
  AUTH_ISSUER: row({
    group: 'Sign-in',
    meaning: 'The `iss` that a token must carry, compared exactly. Required in `jwt` mode.',
    form: 'the issuer, as tokens spell it',
    ...none,
    example: 'https://id.example.com/',
    parse: line,
  }),
  AUTH_AUDIENCE: row({
    group: 'Sign-in',
    meaning: 'The `aud` that a token must carry, compared exactly. Required in `jwt` mode.',
    form: 'the audience, as tokens spell it',
    ...none,
    example: 'https://api.media.example.com',
    parse: line,
  }),
  AUTH_ALGORITHMS: row({
    group: 'Sign-in',
    meaning: 'The signature algorithms that are accepted. Symmetric and asymmetric ones are never mixed.',
    form: 'algorithms like RS256 or ES256 separated by commas, all of one kind',
    ...none,
    default: '`RS256,ES256`, or `HS256` with `AUTH_SECRET`',
    example: 'RS256',
    parse: algorithms,
  }),
  AUTH_COOKIE: row({
    group: 'Sign-in',
    meaning:
      'Also accept the access token from this cookie. Checks against forged calls then apply; an `Authorization` header wins over the cookie.',
    form: 'the name of a cookie',
    ...none,
    example: 'session',
    parse: cookieName,
  }),
  AUTH_VIEWER_CLAIM: row({
    group: 'Sign-in',
    meaning: "The claim that holds the caller's id.",
    form: 'the name of a claim, or a dotted path to it',
    ...always('sub'),
    example: 'sub',
    parse: claim,
  }),
  AUTH_GROUPS_CLAIM: row({
    group: 'Sign-in',
    meaning: "The claim that holds the caller's groups: an array, or one string = one group, compared whole.",
    form: 'the name of a claim, or a dotted path to it',
    ...always('groups'),
    example: 'realm_access.roles',
    parse: claim,
  }),
  AUTH_ADMIN_GROUP: row({
    group: 'Sign-in',
    meaning: 'The group whose members may use the admin routes. Without one those routes do not exist (404).',
    form: 'the name of a group',
    ...none,
    example: 'edgepass-admins',
    parse: line,
  }),
  DATABASE_URL: row({
    group: 'Storage',
    meaning:
      'Where entitlements and the audit log live: an SQLite file (one process) or PostgreSQL (several instances). Required in production. Special characters of the password are percent-encoded (`@` is `%40`). TLS, client certificates and the rest: docs/database.md.',
    form: 'sqlite:PATH or postgres://user:password@host:5432/database',
    ...none,
    default: '`sqlite:` file in `DATA_DIR` in development',
    example: 'sqlite:/var/lib/edgepass/edgepass.sqlite',
    secret: true,
    parse: databaseUrl,
  }),
  DATA_DIR: row({
    group: 'Storage',
    meaning:
      'Development keys, certificates (`tls/ca.pem` is the local certificate authority) and the embedded database; made with mode 0700.',
    form: 'the path of a folder',
    ...always('./data'),
    example: '/var/lib/edgepass',
    parse: path,
  }),
  METRICS_PORT: row({
    group: 'Operation',
    meaning:
      'Serves Prometheus text at `/metrics` of this port, on the address of `HOST` (docs/metrics.md). It has no authentication, so it must not be reachable from outside.',
    form: 'a port from 1 to 65535, not the one of the API',
    ...none,
    default: 'off',
    example: '9090',
    parse: port,
  }),
  REQUEST_LIMIT_PER_ADDRESS: row({
    group: 'Operation',
    meaning:
      'How many requests an address may make in a minute, then 429 with `Retry-After`; an IPv6 address counts with its whole /64. Behind a proxy it needs `TRUSTED_PROXIES`, or everybody shares one limit. `0` is no limit.',
    form: 'a whole number of requests a minute, or 0',
    ...always('3000'),
    example: '3000',
    parse: wholeNumber(0, MOST_PER_MINUTE),
  }),
  DRAIN_SECONDS: row({
    group: 'Operation',
    meaning:
      'After SIGTERM `/health/ready` says no at once, and requests are still served for so long: at least two health-check intervals of your load balancer. `0` without one.',
    form: 'whole seconds, at most 8',
    default: '`2`, in development `0`',
    production: '2',
    development: '0',
    example: '5',
    parse: wholeNumber(0, LONGEST_DRAIN_SECONDS),
  }),
  API_DOCS: row({
    group: 'Operation',
    meaning: 'Serves `/docs` and `/openapi.json`.',
    form: 'true or false',
    default: '`true` in development, else `false`',
    production: 'false',
    development: 'true',
    example: 'true',
    parse: flag,
  }),
  LOG_LEVEL: row({
    group: 'Operation',
    meaning: 'How much is logged.',
    form: 'fatal, error, warn, info, debug, trace or silent',
    ...always('info'),
    example: 'debug',
    parse: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  }),
} as const satisfies Record<string, SettingRow<unknown>>;

export type SettingName = keyof typeof SETTINGS_TABLE;
export const SETTING_NAMES = Object.keys(SETTINGS_TABLE) as readonly SettingName[];

/** Every setting after parsing; `null` where absent (or wrong, then there is a problem as well). */
export type SettingValues = {
  readonly [Name in SettingName]: (typeof SETTINGS_TABLE)[Name] extends SettingRow<infer T>
    ? T | null
    : never;
};
