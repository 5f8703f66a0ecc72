import { dotEnvExample } from './settings-page.js';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { formatProblems, readSettings, type SettingsProblem } from './read-settings.js';
import { SETTING_NAMES, type SettingName } from './settings-table.js';
import type { Settings } from './settings.js';

type Environment = Partial<Record<SettingName, string>> & Record<string, string | undefined>;

const SECRET_OF_32_BYTES = 'canary-4f1c-canary-4f1c-canary-4';

const PRODUCTION: Environment = {
  PUBLIC_URL: 'https://api.media.example.com',
  APP_ORIGINS: 'https://app.example.com',
  CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
  CLOUDFRONT_PRIVATE_KEY_FILE: '/run/secrets/cloudfront.pem',
  AUTH_JWKS_URL: 'https://id.example.com/jwks.json',
  AUTH_ISSUER: 'https://id.example.com/',
  AUTH_AUDIENCE: 'edgepass',
  DATABASE_URL: 'sqlite:/var/lib/edgepass.sqlite',
};
const OF_AN_APP =
  'give the page an https:// address on the site of the API, or call the API from native code (docs/native.md): web views keep no cookies of ours for a page with a scheme of its own';
const PERCENT_ENCODE =
  'percent-encode special characters of the password (@ is %40, / is %2F, # is %23), and end the address with the name of the database';
const DEVELOPMENT: Environment = { NODE_ENV: 'development' };

function settingsOf(environment: Environment, dotEnv?: string): Settings {
  const result = readSettings(
    environment,
    dotEnv === undefined ? {} : { dotEnv: { text: dotEnv, path: '.env' } },
  );
  if ('problems' in result) throw new Error(formatProblems(result.problems));
  return result.settings;
}

function problemsOf(environment: Environment, dotEnv?: string): readonly SettingsProblem[] {
  const result = readSettings(
    environment,
    dotEnv === undefined ? {} : { dotEnv: { text: dotEnv, path: '.env' } },
  );
  return 'problems' in result ? result.problems : [];
}

const namesOf = (problems: readonly SettingsProblem[]) => problems.map(({ setting }) => setting);
const production = (more: Environment): readonly SettingsProblem[] => problemsOf({ ...PRODUCTION, ...more });
const development = (more: Environment): readonly SettingsProblem[] =>
  problemsOf({ ...DEVELOPMENT, ...more });

describe('the settings of a complete production environment', () => {
  it('are these', () => {
    expect(settingsOf(PRODUCTION)).toStrictEqual({
      environment: 'production',
      listen: { host: '127.0.0.1', port: 3001 },
      ownHostOnly: false,
      publicUrl: { origin: 'https://api.media.example.com', basePath: '' },
      appOrigins: ['https://app.example.com'],
      trustedProxies: [],
      tls: null,
      cloudFront: {
        url: 'https://cdn.media.example.com',
        keyPairId: null,
        privateKey: { kind: 'file', path: '/run/secrets/cloudfront.pem' },
        hashAlgorithm: 'SHA1',
      },
      cookies: { domain: null, sameSite: null, secure: null, partitioned: null, path: 'prefix' },
      grants: { ttlSeconds: 900, maxTtlSeconds: 3600 },
      authentication: {
        mode: 'jwt',
        viewerClaim: 'sub',
        groupsClaim: 'groups',
        adminGroup: null,
        keys: { kind: 'jwks', url: 'https://id.example.com/jwks.json' },
        issuer: 'https://id.example.com/',
        audience: 'edgepass',
        algorithms: ['RS256', 'ES256'],
        cookie: null,
      },
      database: { kind: 'sqlite', path: '/var/lib/edgepass.sqlite' },
      dataDir: './data',
      metricsPort: null,
      limits: { requestsPerAddress: 3000, grantsPerViewer: 120 },
      drainSeconds: 2,
      apiDocs: false,
      logLevel: 'info',
    });
  });
});

describe('the settings of an empty development environment', () => {
  const settings = settingsOf(DEVELOPMENT);

  it('have the addresses of the local stack', () => {
    expect([settings.publicUrl, settings.appOrigins, settings.cloudFront.url]).toStrictEqual([
      { origin: 'https://api.edgepass.localhost:3001', basePath: '' },
      ['https://app.edgepass.localhost:3000'],
      'https://cdn.edgepass.localhost:3002',
    ]);
  });

  it('have the demo sign-in, a key to be made, a database in DATA_DIR and the API documentation', () => {
    expect(settings.authentication).toStrictEqual({
      mode: 'demo',
      viewerClaim: 'sub',
      groupsClaim: 'groups',
      adminGroup: null,
    });
    expect([settings.cloudFront.privateKey, settings.database, settings.apiDocs]).toStrictEqual([
      null,
      { kind: 'sqlite', path: 'data/edgepass.sqlite' },
      true,
    ]);
  });

  it('have jwt by default as soon as a real sign-in is named', () => {
    const more = { AUTH_SECRET: SECRET_OF_32_BYTES, AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' };
    expect(settingsOf({ ...DEVELOPMENT, ...more }).authentication).toMatchObject({
      mode: 'jwt',
      algorithms: ['HS256'],
    });
  });

  it.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('have the demo sign-in on HOST=%s', (host) => {
    const settings = settingsOf({ ...DEVELOPMENT, HOST: host });
    expect([settings.authentication.mode, settings.ownHostOnly]).toStrictEqual(['demo', false]);
  });

  it('have the demo sign-in for the own host alone in a container', () => {
    const read = readSettings({ ...DEVELOPMENT, HOST: '0.0.0.0' }, { isContainer: true });
    expect(
      'settings' in read && [read.settings.authentication.mode, read.settings.ownHostOnly],
    ).toStrictEqual(['demo', true]);
    expect(read.warnings).toStrictEqual([
      'HOST: everybody who reaches the ports of this container is administrator by the demo sign-in; publish them on 127.0.0.1 alone',
    ]);
  });

  it('ask for nothing of a sign-in that is elsewhere', () => {
    const addresses = {
      PUBLIC_URL: 'https://api.example.test:3001',
      APP_ORIGINS: 'https://app.example.test:3000',
      CLOUDFRONT_DOMAIN: 'https://cdn.example.test:3002',
    };
    const read = readSettings({ ...DEVELOPMENT, ...addresses }, { signsInElsewhere: true });
    expect('problems' in read ? read.problems : []).toStrictEqual([]);
  });

  it('have jwt under NODE_ENV=test', () => {
    expect(namesOf(problemsOf({ NODE_ENV: 'test' }))).toStrictEqual([
      'AUTH_JWKS_URL',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
    ]);
  });
});

/** For every row of the table: a text, and what of the settings it becomes. A row without one does not compile. */
const EFFECT: Record<
  SettingName,
  readonly [text: string, pick: (s: Settings) => unknown, value: unknown, beside?: Environment]
> = {
  NODE_ENV: ['test', (s) => s.environment, 'test'],
  HOST: ['0.0.0.0', (s) => s.listen.host, '0.0.0.0'],
  PORT: ['4000', (s) => s.listen.port, 4000],
  PUBLIC_URL: [
    'https://a.example.com/api/v1',
    (s) => s.publicUrl,
    { origin: 'https://a.example.com', basePath: '/api/v1' },
  ],
  APP_ORIGINS: [
    'https://a.example, https://b.example:8443',
    (s) => s.appOrigins,
    ['https://a.example', 'https://b.example:8443'],
  ],
  TRUSTED_PROXIES: ['10.0.0.0/8,::1', (s) => s.trustedProxies, ['10.0.0.0/8', '::1']],
  TLS_CERT_FILE: ['c.pem', (s) => s.tls, { certFile: 'c.pem', keyFile: 'k.pem' }, { TLS_KEY_FILE: 'k.pem' }],
  TLS_KEY_FILE: ['k.pem', (s) => s.tls, { certFile: 'c.pem', keyFile: 'k.pem' }, { TLS_CERT_FILE: 'c.pem' }],
  CLOUDFRONT_DOMAIN: ['https://c.example.com', (s) => s.cloudFront.url, 'https://c.example.com'],
  CLOUDFRONT_KEY_PAIR_ID: ['K2JCJMDEHXQW5F', (s) => s.cloudFront.keyPairId, 'K2JCJMDEHXQW5F'],
  CLOUDFRONT_PRIVATE_KEY: [
    'pem',
    (s) => (s.cloudFront.privateKey?.kind === 'text' ? s.cloudFront.privateKey.text.reveal() : null),
    'pem',
    { CLOUDFRONT_PRIVATE_KEY_FILE: '', CLOUDFRONT_KEY_PAIR_ID: 'K1' },
  ],
  CLOUDFRONT_PRIVATE_KEY_FILE: ['k.pem', (s) => s.cloudFront.privateKey, { kind: 'file', path: 'k.pem' }],
  CLOUDFRONT_HASH_ALGORITHM: ['SHA256', (s) => s.cloudFront.hashAlgorithm, 'SHA256'],
  COOKIE_DOMAIN: ['.media.example.com', (s) => s.cookies.domain, 'media.example.com'],
  COOKIE_SAME_SITE: ['None', (s) => s.cookies.sameSite, 'None'],
  COOKIE_SECURE: ['true', (s) => s.cookies.secure, true],
  COOKIE_PARTITIONED: ['false', (s) => s.cookies.partitioned, false],
  COOKIE_PATH: ['root', (s) => s.cookies.path, 'root'],
  GRANT_TTL_SECONDS: ['60', (s) => s.grants.ttlSeconds, 60],
  GRANT_MAX_TTL_SECONDS: ['86400', (s) => s.grants.maxTtlSeconds, 86_400],
  AUTH_MODE: ['jwt', (s) => s.authentication.mode, 'jwt'],
  AUTH_JWKS_URL: ['https://i.example/k', (s) => jwt(s).keys, { kind: 'jwks', url: 'https://i.example/k' }],
  AUTH_PUBLIC_KEY_FILE: [
    'k.pem',
    (s) => jwt(s).keys,
    { kind: 'publicKeyFile', path: 'k.pem' },
    { AUTH_JWKS_URL: '' },
  ],
  AUTH_SECRET: [
    SECRET_OF_32_BYTES,
    (s) => {
      const { keys } = jwt(s);
      return keys.kind === 'secret' ? keys.secret.reveal() : null;
    },
    SECRET_OF_32_BYTES,
    { AUTH_JWKS_URL: '' },
  ],
  AUTH_ISSUER: ['me', (s) => jwt(s).issuer, 'me'],
  AUTH_AUDIENCE: ['you', (s) => jwt(s).audience, 'you'],
  AUTH_ALGORITHMS: ['PS256,EdDSA', (s) => jwt(s).algorithms, ['PS256', 'EdDSA']],
  AUTH_COOKIE: ['__Host-session', (s) => jwt(s).cookie, '__Host-session'],
  AUTH_VIEWER_CLAIM: ['user.id', (s) => s.authentication.viewerClaim, 'user.id'],
  AUTH_GROUPS_CLAIM: [
    'https://example.com/groups',
    (s) => s.authentication.groupsClaim,
    'https://example.com/groups',
  ],
  AUTH_ADMIN_GROUP: ['The Admins', (s) => s.authentication.adminGroup, 'The Admins'],
  DATABASE_URL: [
    'postgres://u:p@db:5432/edgepass',
    (s) => (s.database.kind === 'postgres' ? s.database.url.reveal() : null),
    'postgres://u:p@db:5432/edgepass',
  ],
  DATA_DIR: ['/data', (s) => s.dataDir, '/data'],
  METRICS_PORT: ['9090', (s) => s.metricsPort, 9090],
  GRANT_LIMIT_PER_VIEWER: ['0', (s) => s.limits.grantsPerViewer, 0],
  REQUEST_LIMIT_PER_ADDRESS: ['0', (s) => s.limits.requestsPerAddress, 0],
  DRAIN_SECONDS: ['5', (s) => s.drainSeconds, 5],
  API_DOCS: ['true', (s) => s.apiDocs, true],
  LOG_LEVEL: ['silent', (s) => s.logLevel, 'silent'],
};

function jwt(settings: Settings): Extract<Settings['authentication'], { mode: 'jwt' }> {
  if (settings.authentication.mode !== 'jwt') throw new Error('not in jwt mode');
  return settings.authentication;
}

describe('every setting has its effect', () => {
  it.each(SETTING_NAMES)('%s', (name) => {
    const [text, pick, value, beside = {}] = EFFECT[name];
    expect(pick(settingsOf({ ...PRODUCTION, ...beside, [name]: text }))).toStrictEqual(value);
  });

  it.each(SETTING_NAMES)('%s, where it is an empty text, counts as absent', (name) => {
    const absent = readSettings({ ...PRODUCTION, [name]: undefined });
    expect(readSettings({ ...PRODUCTION, [name]: '' })).toStrictEqual(absent);
  });
});

describe('a wrong value', () => {
  it.each<[SettingName, string, string]>([
    ['NODE_ENV', 'prod', 'write one of: production, development, test'],
    ['NODE_ENV', 'Production', 'write production'],
    ['HOST', 'http://0.0.0.0', 'write an IP address or a host name, without scheme or port'],
    ['HOST', '0.0.0.0:3001', 'write an IP address or a host name, without scheme or port'],
    ['PORT', '0', 'write a number from 1 to 65535'],
    ['PORT', '65536', 'write a number from 1 to 65535'],
    ['PORT', '3001 ', 'write digits only, without a unit'],
    ['PORT', '0x50', 'write digits only, without a unit'],
    ['PORT', '03001', 'write digits only, without a unit'],
    ['GRANT_MAX_TTL_SECONDS', '3600s', 'write digits only, without a unit'],
    ['GRANT_MAX_TTL_SECONDS', '1e4', 'write digits only, without a unit'],
    ['GRANT_MAX_TTL_SECONDS', '59', 'write a number from 60 to 34560000'],
    ['GRANT_MAX_TTL_SECONDS', '3600000000', 'write a number from 60 to 34560000'],
    ['GRANT_TTL_SECONDS', '-900', 'write digits only, without a unit'],
    ['GRANT_TTL_SECONDS', '9.5', 'write digits only, without a unit'],
    ['PUBLIC_URL', 'https://api.example.com/', 'write https://api.example.com'],
    ['PUBLIC_URL', 'https://api.example.com/api/', 'write https://api.example.com/api'],
    ['PUBLIC_URL', 'https://API.example.com', 'write https://api.example.com'],
    ['PUBLIC_URL', 'https://api.example.com:443', 'write https://api.example.com'],
    ['PUBLIC_URL', 'https://api.example.com/a/../b', 'write https://api.example.com/b'],
    [
      'PUBLIC_URL',
      'https://api.example.com/a%20b',
      'use only letters, digits and . _ ~ - between single slashes in the path',
    ],
    [
      'PUBLIC_URL',
      'https://api.example.com//a',
      'use only letters, digits and . _ ~ - between single slashes in the path',
    ],
    [
      'PUBLIC_URL',
      'https://api.example.com/a;b',
      'use only letters, digits and . _ ~ - between single slashes in the path',
    ],
    ['PUBLIC_URL', 'https://api.example.com?a=1', 'remove everything from the ? or # on'],
    ['PUBLIC_URL', 'https://api.example.com#', 'remove everything from the ? or # on'],
    ['PUBLIC_URL', 'api.example.com', 'begin with https:// in lower case'],
    ['PUBLIC_URL', 'HTTPS://api.example.com', 'begin with https:// in lower case'],
    ['PUBLIC_URL', 'https://', 'write an address like https://www.example.com'],
    ['PUBLIC_URL', 'http://api.example.com', 'use https:// (http:// is for development)'],
    ['PUBLIC_URL', 'https://api.example.com.', 'remove the dot at the end of the host name'],
    ['PUBLIC_URL', 'https://api..example.com', 'write a host name of letters, digits, hyphens and dots'],
    ['PUBLIC_URL', 'https://api.example.com:0', 'write a port from 1 to 65535, or none'],
    ['APP_ORIGINS', '*', 'name each host in full; a pattern is never accepted'],
    ['APP_ORIGINS', 'https://*.example.com', 'name each host in full; a pattern is never accepted'],
    ['APP_ORIGINS', 'null', 'begin with https:// in lower case'],
    ['APP_ORIGINS', 'capacitor://localhost', OF_AN_APP],
    ['APP_ORIGINS', 'ionic://localhost', OF_AN_APP],
    ['APP_ORIGINS', 'https://app.example.com,file://', OF_AN_APP],
    ['APP_ORIGINS', 'ftp://app.example.com', 'begin with https:// in lower case'],
    ['APP_ORIGINS', 'https://app.example.com/', 'write https://app.example.com'],
    ['APP_ORIGINS', 'https://app.example.com/login', 'write https://app.example.com'],
    ['APP_ORIGINS', 'https://app.example.com:443', 'write https://app.example.com'],
    ['APP_ORIGINS', 'https://bücher.example', 'write https://xn--bcher-kva.example'],
    ['APP_ORIGINS', 'http://app.example.com', 'use https:// (http:// is for development)'],
    ['APP_ORIGINS', 'https://a.example,', 'remove the comma too many'],
    ['APP_ORIGINS', 'https://a.example https://b.example', 'write an address like https://www.example.com'],
    ['CLOUDFRONT_DOMAIN', 'https://*', 'name each host in full; a pattern is never accepted'],
    ['CLOUDFRONT_DOMAIN', '*.example.com', 'name each host in full; a pattern is never accepted'],
    ['CLOUDFRONT_DOMAIN', 'http*://cdn.example.com', 'name each host in full; a pattern is never accepted'],
    ['CLOUDFRONT_DOMAIN', 'http://cdn.example.com', 'use https:// (http:// is for development)'],
    ['CLOUDFRONT_DOMAIN', 'ftp://cdn.example.com', 'begin with https:// in lower case'],
    ['CLOUDFRONT_DOMAIN', 'cdn.example.com/', 'write cdn.example.com; no path, query or default port'],
    [
      'CLOUDFRONT_DOMAIN',
      'https://cdn.example.com/media',
      'write https://cdn.example.com; no path, query or default port',
    ],
    ['CLOUDFRONT_DOMAIN', 'cdn.example.com?x', 'write cdn.example.com; no path, query or default port'],
    ['CLOUDFRONT_DOMAIN', 'CDN.example.com', 'write cdn.example.com; no path, query or default port'],
    [
      'CLOUDFRONT_DOMAIN',
      'cdn.example.com:8443',
      'remove the port; CloudFront answers on 443 (a port is for development)',
    ],
    ['CLOUDFRONT_DOMAIN', 'cdn.example.com:0', 'write a port from 1 to 65535, or none'],
    ['CLOUDFRONT_DOMAIN', 'cdn.example.com.', 'remove the dot at the end of the host name'],
    ['CLOUDFRONT_KEY_PAIR_ID', 'K2JC JMD', 'copy the id (K…) from CloudFront › Key management › Public keys'],
    ['CLOUDFRONT_HASH_ALGORITHM', 'sha256', 'write SHA256'],
    ['CLOUDFRONT_HASH_ALGORITHM', 'MD5', 'write one of: SHA1, SHA256'],
    ['COOKIE_SAME_SITE', 'lax', 'write Lax'],
    ['COOKIE_SECURE', '1', 'write true or false'],
    ['COOKIE_PARTITIONED', 'TRUE', 'write true or false'],
    ['COOKIE_PATH', '/', 'write one of: prefix, root'],
    ['COOKIE_DOMAIN', 'Media.Example.com', 'write media.example.com'],
    ['AUTH_MODE', 'none', 'write one of: jwt, demo'],
    ['AUTH_JWKS_URL', 'http://id.example.com/jwks', 'use https:// (http:// is for development)'],
    ['AUTH_ALGORITHMS', 'none', 'remove it; an unsigned token is never accepted'],
    ['AUTH_ALGORITHMS', 'NONE', 'remove it; an unsigned token is never accepted'],
    ['AUTH_ALGORITHMS', 'RS256,HS256', 'keep the HS… ones or the others; they are never mixed'],
    ['AUTH_ALGORITHMS', 'rs256', 'write RS256'],
    ['AUTH_COOKIE', 'a=b', 'write the name of the cookie alone, without = or ;'],
    ['AUTH_COOKIE', 'CloudFront-Policy', 'name another cookie; edgepass sets this one itself'],
    ['AUTH_COOKIE', '__Host-edgepass-scopes', 'name another cookie; edgepass sets this one itself'],
    ['AUTH_VIEWER_CLAIM', 'a..b', 'write the names of the claims with one dot between them'],
    ['AUTH_GROUPS_CLAIM', '__proto__.x', 'name a claim of the token'],
    ['AUTH_ISSUER', 'a\nb', 'write it on one line, without control characters'],
    [
      'DATABASE_URL',
      'mysql://u:p@db/x',
      'begin with sqlite: or postgres://, for example sqlite:./data/edgepass.sqlite',
    ],
    ['DATABASE_URL', 'sqlite:', 'write the path of the file after sqlite:'],
    ['DATABASE_URL', 'sqlite:///var/x', 'write the path right after sqlite:, without //'],
    ['DATABASE_URL', 'sqlite::memory:', 'name a file; grants are recorded durably or not given'],
    ['DATABASE_URL', 'postgres://u:p@db', 'name the database after the host: postgres://…/edgepass'],
    ['DATABASE_URL', 'postgres://u:p[#@db/x', PERCENT_ENCODE],
    ['DATABASE_URL', 'postgres://u:p@ss/w:rd@db/x', PERCENT_ENCODE],
    ['DATABASE_URL', 'postgres://u:1/2@db/x', PERCENT_ENCODE],
    ['DATABASE_URL', 'postgres://u:1#2@db/x', PERCENT_ENCODE],
    ['METRICS_PORT', '3001', 'choose another one; the API is public, metrics are not'],
    ['REQUEST_LIMIT_PER_ADDRESS', '-1', 'write digits only, without a unit'],
    ['DRAIN_SECONDS', '9', 'write a number from 0 to 8'],
    ['API_DOCS', 'on', 'write true or false'],
    ['LOG_LEVEL', 'verbose', 'write one of: fatal, error, warn, info, debug, trace, silent'],
  ])('%s=%s: %s', (name, text, todo) => {
    const problems = production({ [name]: text }).filter(({ setting }) => setting === name);
    expect(problems.map((p) => p.todo)).toStrictEqual([todo]);
  });

  it.each([
    'https://example.com',
    'example.com:8443',
    '*.example.com',
    '..example.com',
    'example.com.',
    'example.com/',
    '.example.com; Secure',
    'example.com\r\nSet-Cookie: a=b',
    'example com',
    ' example.com',
  ])('B12, C03: COOKIE_DOMAIN=%j is refused, never repaired', (text) => {
    expect(production({ COOKIE_DOMAIN: text }).map((p) => p.todo)).toStrictEqual([
      'write a host name alone: no scheme, port, path, wildcard, empty label or dot at the end',
    ]);
  });

  it.each([
    '0.0.0.0/0',
    '::/0',
    '*',
    'true',
    'loopback',
    '1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '0.0.0.0/1',
    '128.0.0.0/7',
    '::/6',
    '::/64',
    '::ffff:0.0.0.0/96',
    '::ffff:0:0/100',
    '10.0.0.0/255.0.0.0',
    'proxy.example.com',
    '1.2.3.4:80',
  ])('O26: TRUSTED_PROXIES=%s is refused', (text) => {
    expect(namesOf(production({ TRUSTED_PROXIES: text }))).toStrictEqual(['TRUSTED_PROXIES']);
  });

  it.each(['10.0.0.0/8', '127.0.0.1', '::1', 'fc00::/7', '2001:db8::/32', '1.2.3.4/32'])(
    'TRUSTED_PROXIES=%s is accepted',
    (text) => {
      expect(settingsOf({ ...PRODUCTION, TRUSTED_PROXIES: text }).trustedProxies).toStrictEqual([text]);
    },
  );

  it('is reported for each entry of a list', () => {
    const problems = production({
      APP_ORIGINS: 'https://*.example.com,https://ok.example,https://b.example/',
    });
    expect(problems.map((p) => p.found)).toStrictEqual(['"https://*.example.com"', '"https://b.example/"']);
  });
});

describe('in development', () => {
  it.each<[SettingName, string]>([
    ['PUBLIC_URL', 'http://api.a.localhost:3001'],
    ['APP_ORIGINS', 'http://a.localhost:3000'],
    ['CLOUDFRONT_DOMAIN', 'http://cdn.a.localhost:3002'],
    ['CLOUDFRONT_DOMAIN', 'cdn.a.localhost:3002'],
  ])('%s=%s is legal', (name, text) => {
    expect(development({ [name]: text })).toStrictEqual([]);
  });
});

describe('settings that do not go together', () => {
  it('everything that production requires is asked for at once', () => {
    expect(namesOf(problemsOf({}))).toStrictEqual([
      'PUBLIC_URL',
      'APP_ORIGINS',
      'CLOUDFRONT_DOMAIN',
      'CLOUDFRONT_PRIVATE_KEY_FILE',
      'AUTH_JWKS_URL',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
      'DATABASE_URL',
    ]);
  });

  it.each<[string, Environment, readonly SettingName[]]>([
    ['one half of the TLS pair', { TLS_CERT_FILE: 'c.pem' }, ['TLS_KEY_FILE']],
    ['the other half', { TLS_KEY_FILE: 'k.pem' }, ['TLS_CERT_FILE']],
    [
      'a key as text and as file',
      { CLOUDFRONT_PRIVATE_KEY: 'pem', CLOUDFRONT_KEY_PAIR_ID: 'K1' },
      ['CLOUDFRONT_PRIVATE_KEY_FILE'],
    ],
    [
      'a key as text without its id',
      { CLOUDFRONT_PRIVATE_KEY: 'pem', CLOUDFRONT_PRIVATE_KEY_FILE: '' },
      ['CLOUDFRONT_KEY_PAIR_ID'],
    ],
    ['a default above the maximum', { GRANT_TTL_SECONDS: '3601' }, ['GRANT_TTL_SECONDS']],
    ['a maximum below the default', { GRANT_MAX_TTL_SECONDS: '600' }, ['GRANT_TTL_SECONDS']],
    ['two key sources', { AUTH_SECRET: SECRET_OF_32_BYTES }, ['AUTH_SECRET']],
    [
      'three key sources',
      { AUTH_SECRET: SECRET_OF_32_BYTES, AUTH_PUBLIC_KEY_FILE: 'k.pem' },
      ['AUTH_PUBLIC_KEY_FILE', 'AUTH_SECRET'],
    ],
    ['HS256 with a JWKS', { AUTH_ALGORITHMS: 'HS256' }, ['AUTH_ALGORITHMS']],
    [
      'RS256 with a secret',
      { AUTH_ALGORITHMS: 'RS256', AUTH_JWKS_URL: '', AUTH_SECRET: SECRET_OF_32_BYTES },
      ['AUTH_ALGORITHMS'],
    ],
    [
      'HS512 with 32 bytes',
      { AUTH_ALGORITHMS: 'HS512', AUTH_JWKS_URL: '', AUTH_SECRET: SECRET_OF_32_BYTES },
      ['AUTH_SECRET'],
    ],
    ['no issuer', { AUTH_ISSUER: '' }, ['AUTH_ISSUER']],
    ['no audience', { AUTH_AUDIENCE: '' }, ['AUTH_AUDIENCE']],
    ['the demo sign-in in production', { AUTH_MODE: 'demo' }, ['AUTH_MODE']],
  ])('%s', (_what, more, names) => {
    expect(namesOf(production(more))).toStrictEqual(names);
  });

  it.each<[string, Environment, string]>([
    ['a given key', { CLOUDFRONT_PRIVATE_KEY_FILE: 'k.pem' }, 'CLOUDFRONT_PRIVATE_KEY_FILE'],
    [
      'a key as text',
      { CLOUDFRONT_PRIVATE_KEY: 'pem', CLOUDFRONT_KEY_PAIR_ID: 'K1' },
      'CLOUDFRONT_PRIVATE_KEY, CLOUDFRONT_KEY_PAIR_ID',
    ],
    ['another API', { PUBLIC_URL: 'https://api.example.com' }, 'PUBLIC_URL outside of .localhost'],
    [
      'another page',
      { APP_ORIGINS: 'https://a.edgepass.localhost,https://a.example' },
      'APP_ORIGINS outside of .localhost',
    ],
    [
      'another distribution',
      { CLOUDFRONT_DOMAIN: 'cdn.example.com' },
      'CLOUDFRONT_DOMAIN outside of .localhost',
    ],
    [
      'a host that only begins so',
      { PUBLIC_URL: 'https://api.localhost.example.com' },
      'PUBLIC_URL outside of .localhost',
    ],
    ['NODE_ENV=test', { NODE_ENV: 'test' }, 'NODE_ENV=test'],
  ])('the demo sign-in with %s', (_what, more, obstacle) => {
    expect(development({ AUTH_MODE: 'demo', ...more })).toStrictEqual([
      {
        setting: 'AUTH_MODE',
        expected: 'demo only in development, with the generated key and all three addresses under .localhost',
        found: `demo with ${obstacle}`,
        todo: 'set AUTH_MODE=jwt and where the keys of access tokens come from',
      },
    ]);
  });

  it('development addresses outside of .localhost without a sign-in say why there is no demo', () => {
    expect(development({ CLOUDFRONT_DOMAIN: 'cdn.example.com' })[0]).toMatchObject({
      setting: 'AUTH_JWKS_URL',
      found: 'none, and no demo sign-in with CLOUDFRONT_DOMAIN outside of .localhost',
    });
  });

  it.each(['0.0.0.0', '::', '192.168.1.7', 'laptop.example.com'])(
    'the demo sign-in on HOST=%s, where others reach it',
    (host) => {
      expect(development({ HOST: host })).toStrictEqual([
        {
          setting: 'HOST',
          expected: 'a loopback address with the demo sign-in, which lets everybody in as administrator',
          found: JSON.stringify(host),
          todo: 'remove it, or set AUTH_MODE=jwt; a container starts with --container',
        },
      ]);
    },
  );

  it('a key of your own with the demo sign-in, and not the one that the local stack made', () => {
    const demo = { AUTH_MODE: 'demo', DATA_DIR: '/data' };
    const own = development({ ...demo, CLOUDFRONT_PRIVATE_KEY_FILE: '/keys/private-key.pem' });
    expect(namesOf(own)).toStrictEqual(['AUTH_MODE']);
    const made = { ...demo, CLOUDFRONT_PRIVATE_KEY_FILE: '/data/signing/private-key.pem' };
    expect(settingsOf({ ...DEVELOPMENT, ...made }).authentication.mode).toBe('demo');
  });

  it('a key id alone in development', () => {
    expect(namesOf(development({ AUTH_MODE: 'jwt', CLOUDFRONT_KEY_PAIR_ID: 'K1' }))).toContain(
      'CLOUDFRONT_KEY_PAIR_ID',
    );
  });
});

describe('.env', () => {
  it('counts in development, below the environment', () => {
    const settings = settingsOf({ ...DEVELOPMENT, PORT: '4001' }, 'PORT=4000\nHOST=::1\n');
    expect(settings.listen).toStrictEqual({ host: '::1', port: 4001 });
  });

  it('counts where the environment has an empty text', () => {
    expect(settingsOf({ ...DEVELOPMENT, PORT: '' }, 'PORT=4000').listen.port).toBe(4000);
  });

  it.each([PRODUCTION, { ...PRODUCTION, NODE_ENV: 'test' }])('does not count otherwise', (environment) => {
    expect(settingsOf(environment, 'PORT=4000\nNOT_A_SETTING=1').listen.port).toBe(3001);
  });

  it('may not set NODE_ENV', () => {
    expect(problemsOf(DEVELOPMENT, 'NODE_ENV=production')).toStrictEqual([
      {
        setting: 'NODE_ENV',
        expected: 'it in the environment alone',
        found: 'it in .env',
        todo: 'remove the line; npm start and npm test set it themselves',
      },
    ]);
  });

  it('may name nothing but settings (K15); a near one is named', () => {
    const problems = problemsOf(DEVELOPMENT, '# mine\nGRANT_TTL_SECOND=60\nSOMETHING_ELSE=1');
    expect(problems).toStrictEqual([
      {
        setting: 'GRANT_TTL_SECOND',
        expected: 'a name of docs/settings.md',
        found: 'an unknown name in .env, line 2',
        todo: 'write GRANT_TTL_SECONDS',
      },
      {
        setting: 'SOMETHING_ELSE',
        expected: 'a name of docs/settings.md',
        found: 'an unknown name in .env, line 3',
        todo: 'remove the line, or set it in the environment',
      },
    ]);
  });

  it('may have quoted values of several lines, comments and blank lines, but no line without a name', () => {
    const pem = 'CLOUDFRONT_PRIVATE_KEY="-----BEGIN\nabc\n"\n';
    const text = `# a comment\n\nAUTH_MODE=jwt\n${pem}PORT 3001\n`;
    expect(
      problemsOf(
        {
          ...PRODUCTION,
          NODE_ENV: 'development',
          CLOUDFRONT_PRIVATE_KEY_FILE: '',
          CLOUDFRONT_KEY_PAIR_ID: 'K1',
        },
        text,
      ),
    ).toStrictEqual([
      {
        setting: '.env',
        expected: 'NAME=value on each line',
        found: 'a text of 9 bytes without = in .env, line 7',
        todo: 'write NAME=value; put quotes around a value of several lines',
      },
    ]);
  });
});

describe('warnings', () => {
  const warningsOf = (environment: Environment) =>
    readSettings({ ...PRODUCTION, TRUSTED_PROXIES: '10.0.0.1', ...environment }).warnings;

  it('say that a TLS terminator nobody has named shares one limit among all its callers', () => {
    expect(warningsOf({ TRUSTED_PROXIES: '' })).toStrictEqual([
      'TRUSTED_PROXIES: none, so all requests of the TLS terminator share one REQUEST_LIMIT_PER_ADDRESS; name its address, or set that limit to 0',
    ]);
  });

  it.each([
    { TRUSTED_PROXIES: '', REQUEST_LIMIT_PER_ADDRESS: '0' },
    { TRUSTED_PROXIES: '', TLS_CERT_FILE: '/tls/leaf.pem', TLS_KEY_FILE: '/tls/leaf-key.pem' },
  ])('say nothing of a shared limit with %j', (environment) => {
    expect(warningsOf(environment)).toStrictEqual([]);
  });

  it('are given for a name of the environment within two edits of a setting', () => {
    expect(warningsOf({ CLOUDFRONT_DOMAINS: 'x', DATADIR: 'x', PROT: '1' })).toStrictEqual([
      'CLOUDFRONT_DOMAINS: is not a setting and has no effect; CLOUDFRONT_DOMAIN is',
      'DATADIR: is not a setting and has no effect; DATA_DIR is',
      'PROT: is not a setting and has no effect; PORT is',
    ]);
  });

  it('are not given for what platforms inject', () => {
    const names = [
      'HOME',
      'PATH',
      'HOSTNAME',
      'PWD',
      'SHELL',
      'LANG',
      'TZ',
      'NODE_OPTIONS',
      'NODE_PATH',
      'KUBERNETES_PORT',
      'AWS_REGION',
    ];
    expect(warningsOf(Object.fromEntries(names.map((name) => [name, 'x'])))).toStrictEqual([]);
  });

  it('say nothing of metrics, which are served', () => {
    expect(warningsOf({ METRICS_PORT: '9090' })).toStrictEqual([]);
  });

  it('say how long a revoked viewer keeps access, above a day', () => {
    expect(warningsOf({ GRANT_MAX_TTL_SECONDS: '86401' })).toStrictEqual([
      'GRANT_MAX_TTL_SECONDS: a revoked viewer can still open files for up to 86401 seconds',
    ]);
  });

  it('say which settings the demo sign-in does not use', () => {
    expect(readSettings({ ...DEVELOPMENT, AUTH_MODE: 'demo', AUTH_ISSUER: 'me' }).warnings).toStrictEqual([
      'AUTH_ISSUER: has no effect with AUTH_MODE=demo',
    ]);
  });
});

describe('no secret is shown', () => {
  const CANARY = 'canary4f1c';

  it('a short secret is measured', () => {
    expect(formatProblems(production({ AUTH_JWKS_URL: '', AUTH_SECRET: `${CANARY}${'x'.repeat(21)}` }))).toBe(
      'AUTH_SECRET: expected a secret of at least 32 bytes; found a text of 31 bytes; make one with: openssl rand -base64 48',
    );
  });

  it.each<[string, Environment, string]>([
    ['a secret that is too short', { AUTH_SECRET: CANARY }, ''],
    ['the password of an address of another kind', { PUBLIC_URL: `ftp://u:${CANARY}@example.com` }, ''],
    ['a database address that is none', { DATABASE_URL: `postgres:${CANARY}` }, ''],
    ['the password of a database', { DATABASE_URL: `mysql://u:${CANARY}@db/x` }, ''],
    ['the password of an address', { PUBLIC_URL: `https://u:${CANARY}@api.example.com` }, ''],
    ['the password of a JWKS address', { AUTH_JWKS_URL: `https://u:${CANARY}@id.example.com` }, ''],
    [
      'a key in the place of its path',
      { CLOUDFRONT_PRIVATE_KEY_FILE: `-----BEGIN PRIVATE KEY-----\n${CANARY}` },
      '',
    ],
    [
      'a key on one line in the place of its id',
      { CLOUDFRONT_KEY_PAIR_ID: `-----BEGIN PRIVATE KEY-----\\n${CANARY}` },
      '',
    ],
    ['the base64 of a key in the place of its id', { CLOUDFRONT_KEY_PAIR_ID: CANARY.repeat(20) }, ''],
    [
      'a key without quotes in .env',
      DEVELOPMENT,
      `CLOUDFRONT_PRIVATE_KEY=-----BEGIN\n${CANARY}${CANARY}\n${CANARY}==\n`,
    ],
    ['a secret under a name that is none', { AUTH_SECRETT: CANARY }, ''],
  ])('%s', (_what, more, dotEnv) => {
    const result = readSettings({ ...PRODUCTION, ...more }, { dotEnv: { text: dotEnv, path: '.env' } });
    const shown = [
      ...('problems' in result ? [formatProblems(result.problems)] : []),
      ...result.warnings,
    ].join('\n');
    expect(shown).not.toBe('');
    expect(shown).not.toContain(CANARY);
  });

  it('nor when the settings are printed or written as JSON', () => {
    const settings = settingsOf({
      ...PRODUCTION,
      CLOUDFRONT_PRIVATE_KEY_FILE: '',
      CLOUDFRONT_PRIVATE_KEY: CANARY,
      CLOUDFRONT_KEY_PAIR_ID: 'K1',
      AUTH_JWKS_URL: '',
      AUTH_SECRET: CANARY.repeat(4),
      DATABASE_URL: `postgres://u:${CANARY}@db/x`,
    });
    const shown = [
      inspect(settings, { depth: null, showHidden: true }),
      JSON.stringify(settings),
      String(jwt(settings).keys.kind === 'secret' && (jwt(settings).keys as { secret: unknown }).secret),
      JSON.stringify({ ...(jwt(settings).keys as { secret: object }).secret }),
    ].join('\n');
    expect(shown).toContain('[secret]');
    expect(shown).not.toContain(CANARY);
  });

  it('a problem is one line, whatever the value', () => {
    const problems = production({ LOG_LEVEL: 'a\u2028b\u001b[31mc"', COOKIE_PATH: 'a\nb' });
    expect(formatProblems(problems).split(/\r\n|[\n\r\u2028\u2029\u0085]/)).toHaveLength(2);
    expect(problems.map((p) => p.found)).toStrictEqual([
      'a text of 3 bytes',
      '"a\\u2028b\\u001b[31mc\\u0022"',
    ]);
  });
});

describe('a .env beside a service in production', () => {
  const warningsOf = (dotEnv: Parameters<typeof readSettings>[1]) =>
    readSettings(PRODUCTION, dotEnv).warnings.filter((line) => line.startsWith('.env'));
  const LINE =
    '.env: is read in development only, so /srv/.env has no effect; set its values in the environment, or start with node --env-file=.env';

  it('that is filled in draws one line', () => {
    expect(
      warningsOf({ dotEnv: { text: 'PORT=\nPUBLIC_URL=https://api.example.org\n', path: '/srv/.env' } }),
    ).toEqual([LINE]);
  });

  it('that is the empty example draws none, and has no effect', () => {
    const dotEnv = { text: dotEnvExample(), path: '/srv/.env' };
    expect(warningsOf({ dotEnv })).toEqual([]);
  });

  it('that this user may not read draws the same line, and in development it is a problem', () => {
    const dotEnv = { text: '', path: '/srv/.env', unreadable: 'EACCES' };
    expect(warningsOf({ dotEnv })).toEqual([LINE]);
    const result = readSettings(DEVELOPMENT, { dotEnv });
    expect('problems' in result ? result.problems : []).toEqual([
      {
        setting: '.env',
        expected: 'a file that this user may read',
        found: '/srv/.env (EACCES)',
        todo: 'correct its permissions, or remove it',
      },
    ]);
  });
});
