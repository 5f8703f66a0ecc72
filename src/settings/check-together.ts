import { resolve } from 'node:path';
import { isLoopback, isUnderLocalhost } from '../cloudfront/host-name.js';
import type { SettingsProblem } from './settings-problem.js';
import { SETTINGS_TABLE, type SettingName, type SettingValues } from './settings-table.js';
import { isSymmetric, LEAST_SECRET_BYTES } from './sign-in-forms.js';
import type { Settings } from './settings.js';

/** What the checks across settings look at. */
export interface Given {
  readonly environment: Settings['environment'];
  readonly values: SettingValues;
  /** Whether this setting was given, rightly or wrongly. */
  readonly isGiven: (name: SettingName) => boolean;
  readonly authMode: 'jwt' | 'demo' | 'elsewhere';
  /** Whether this is a container: it must listen on every address of its own, and publishes where it wants. */
  readonly isContainer: boolean;
}

const KEY_SOURCES = ['AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY_FILE', 'AUTH_SECRET'] as const;
const SIGNING_KEYS = ['CLOUDFRONT_PRIVATE_KEY', 'CLOUDFRONT_PRIVATE_KEY_FILE'] as const;
const SIGNING_KEY = [...SIGNING_KEYS, 'CLOUDFRONT_KEY_PAIR_ID'] as const;
/** Where `edgepass start` puts the key that it makes, below DATA_DIR. */
const GENERATED_KEY_FILE = 'signing/private-key.pem';
/** What only a real sign-in needs: a deployment that names one of these does not mean the demo. */
const REAL_SIGN_IN = [...KEY_SOURCES, 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const;

/** The mode where none is named: the demo exactly where it is possible and nothing of a real sign-in is given. */
export function defaultAuthMode(given: Omit<Given, 'authMode' | 'isContainer'>): 'jwt' | 'demo' {
  const isDemo = demoObstacles(given).length === 0 && !REAL_SIGN_IN.some(given.isGiven);
  return isDemo ? 'demo' : 'jwt';
}

/** Every problem that shows only when settings are looked at together. */
export function checkTogether(given: Given): readonly SettingsProblem[] {
  return [
    ...required(given, ['PUBLIC_URL', 'APP_ORIGINS', 'CLOUDFRONT_DOMAIN']),
    ...signingKey(given),
    ...tls(given),
    ...lifetimes(given),
    ...signIn(given),
    ...required(given, ['DATABASE_URL']),
    ...metricsPort(given),
  ];
}

/** What will not have the effect that its author may expect. */
export function warnTogether(given: Given): readonly string[] {
  const { environment, values, isGiven, authMode } = given;
  const ignored = authMode === 'demo' ? REAL_SIGN_IN.filter(isGiven) : [];
  const maxTtlSeconds = values.GRANT_MAX_TTL_SECONDS ?? 0;
  const secret = values.AUTH_SECRET?.reveal() ?? '';
  // Plain HTTP in production stands behind a TLS terminator, whose address every request then has.
  const isBehindProxy = environment === 'production' && !isGiven('TLS_CERT_FILE');
  const sharesLimit = isBehindProxy && !isGiven('TRUSTED_PROXIES') && values.REQUEST_LIMIT_PER_ADDRESS !== 0;
  return [
    ...(sharesLimit
      ? [
          'TRUSTED_PROXIES: none, so all requests of the TLS terminator share one REQUEST_LIMIT_PER_ADDRESS; name its address, or set that limit to 0',
        ]
      : []),
    ...(given.isContainer && isDemoForOthers(given)
      ? [
          'HOST: everybody who reaches the ports of this container is administrator by the demo sign-in; publish them on 127.0.0.1 alone',
        ]
      : []),
    ...ignored.map((name) => `${name}: has no effect with AUTH_MODE=demo`),
    ...(maxTtlSeconds > 86_400
      ? [`GRANT_MAX_TTL_SECONDS: a revoked viewer can still open files for up to ${maxTtlSeconds} seconds`]
      : []),
    ...(secret.trim() === secret
      ? []
      : ['AUTH_SECRET: begins or ends with white space, which counts as part of it']),
  ];
}

function required(given: Given, names: readonly SettingName[]): readonly SettingsProblem[] {
  return names.filter((name) => given.environment === 'production' && !given.isGiven(name)).map(missing);
}

function missing(name: SettingName): SettingsProblem {
  const { form, example } = SETTINGS_TABLE[name];
  return { setting: name, expected: form, found: 'nothing', todo: `set it, for example ${name}=${example}` };
}

function signingKey({ environment, isGiven }: Given): readonly SettingsProblem[] {
  const [text, file] = SIGNING_KEYS;
  if (isGiven(text) && isGiven(file)) return [second(file, text)];
  if (isGiven(text) && !isGiven('CLOUDFRONT_KEY_PAIR_ID')) return [missing('CLOUDFRONT_KEY_PAIR_ID')];
  if (isGiven(text) || isGiven(file)) return [];
  if (environment === 'production') {
    return [
      {
        setting: file,
        expected: `this or ${text}`,
        found: 'neither',
        todo: 'make a key with: edgepass keys ecdsa, and give its path',
      },
    ];
  }
  if (!isGiven('CLOUDFRONT_KEY_PAIR_ID')) return [];
  return [
    {
      setting: 'CLOUDFRONT_KEY_PAIR_ID',
      expected: `it together with ${text} or ${file}`,
      found: 'it alone',
      todo: 'set the private key too, or remove the id to have both made',
    },
  ];
}

function second(name: SettingName, first: SettingName): SettingsProblem {
  return { setting: name, expected: `nothing beside ${first}`, found: 'both', todo: 'remove one of the two' };
}

function tls({ isGiven }: Given): readonly SettingsProblem[] {
  const pair = ['TLS_CERT_FILE', 'TLS_KEY_FILE'] as const;
  if (pair.every(isGiven) || !pair.some(isGiven)) return [];
  const [absent, present] = isGiven(pair[0]) ? [pair[1], pair[0]] : pair;
  return [
    {
      setting: absent,
      expected: `the path of a PEM file, because ${present} is set`,
      found: 'nothing',
      todo: 'set both, or neither',
    },
  ];
}

function lifetimes({ values, isGiven }: Given): readonly SettingsProblem[] {
  const { GRANT_TTL_SECONDS: ttlSeconds, GRANT_MAX_TTL_SECONDS: maxTtlSeconds } = values;
  if (ttlSeconds === null || maxTtlSeconds === null || ttlSeconds <= maxTtlSeconds) return [];
  return [
    {
      setting: 'GRANT_TTL_SECONDS',
      expected: `at most GRANT_MAX_TTL_SECONDS, which is ${maxTtlSeconds}`,
      found: isGiven('GRANT_TTL_SECONDS') ? `"${ttlSeconds}"` : `its default ${ttlSeconds}`,
      todo: `set it to ${maxTtlSeconds} or less`,
    },
  ];
}

/** What stands against the demo sign-in, which knows no password. */
function demoObstacles({
  environment,
  values,
  isGiven,
}: Omit<Given, 'authMode' | 'isContainer'>): readonly string[] {
  const addresses = [
    ['PUBLIC_URL', values.PUBLIC_URL === null ? [] : [values.PUBLIC_URL.origin]],
    ['APP_ORIGINS', values.APP_ORIGINS ?? []],
    ['CLOUDFRONT_DOMAIN', values.CLOUDFRONT_DOMAIN === null ? [] : [values.CLOUDFRONT_DOMAIN]],
  ] as const;
  return [
    ...(environment === 'development' ? [] : [`NODE_ENV=${environment}`]),
    ...SIGNING_KEY.filter((name) => isGiven(name) && !isGeneratedKey(name, values)),
    ...addresses
      .filter(([, urls]) => !urls.every((url) => isUnderLocalhost(new URL(url).hostname)))
      .map(([name]) => `${name} outside of .localhost`),
  ];
}

function signIn(given: Given): readonly SettingsProblem[] {
  switch (given.authMode) {
    case 'demo':
      return [...demoFaults(given), ...demoHost(given)];
    case 'jwt':
      return realSignIn(given);
    case 'elsewhere':
      return [];
  }
}

/** Whether the demo sign-in, which asks for no password, listens where others than this machine reach it. */
export function isDemoForOthers({ authMode, values: { HOST: host } }: Given): boolean {
  return authMode === 'demo' && host !== null && host !== 'localhost' && !isLoopback(host);
}

function demoHost(given: Given): readonly SettingsProblem[] {
  if (given.isContainer || !isDemoForOthers(given)) return [];
  return [
    {
      setting: 'HOST',
      expected: 'a loopback address with the demo sign-in, which lets everybody in as administrator',
      found: JSON.stringify(given.values.HOST),
      todo: 'remove it, or set AUTH_MODE=jwt; a container starts with --container',
    },
  ];
}

function isGeneratedKey(name: SettingName, values: SettingValues): boolean {
  const { CLOUDFRONT_PRIVATE_KEY_FILE: file, DATA_DIR: dataDir } = values;
  if (name !== 'CLOUDFRONT_PRIVATE_KEY_FILE' || file === null || dataDir === null) return false;
  return resolve(file) === resolve(dataDir, GENERATED_KEY_FILE);
}

function demoFaults(given: Given): readonly SettingsProblem[] {
  const obstacles = demoObstacles(given);
  if (obstacles.length === 0) return [];
  return [
    {
      setting: 'AUTH_MODE',
      expected: 'demo only in development, with the generated key and all three addresses under .localhost',
      found: `demo with ${obstacles.join(', ')}`,
      todo: 'set AUTH_MODE=jwt and where the keys of access tokens come from',
    },
  ];
}

function realSignIn(given: Given): readonly SettingsProblem[] {
  const [source, ...more] = KEY_SOURCES.filter(given.isGiven);
  return [
    ...(source === undefined
      ? [
          {
            setting: 'AUTH_JWKS_URL',
            expected: `exactly one of ${KEY_SOURCES.join(', ')}`,
            found: noSource(given),
            todo: 'set the one that your sign-in offers',
          },
        ]
      : more.map((name) => second(name, source))),
    ...(['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const).filter((name) => !given.isGiven(name)).map(missing),
    ...(more.length === 0 && source !== undefined ? algorithmFaults(given, source === 'AUTH_SECRET') : []),
  ];
}

function noSource(given: Given): string {
  const isSurprise = given.environment === 'development' && !given.isGiven('AUTH_MODE');
  const obstacles = isSurprise ? demoObstacles(given) : [];
  return obstacles.length === 0 ? 'none' : `none, and no demo sign-in with ${obstacles.join(', ')}`;
}

function algorithmFaults({ values }: Given, bySecret: boolean): readonly SettingsProblem[] {
  const algorithms = values.AUTH_ALGORITHMS ?? [];
  const misplaced = algorithms.filter((algorithm) => isSymmetric(algorithm) !== bySecret);
  if (misplaced.length > 0) {
    return [
      {
        setting: 'AUTH_ALGORITHMS',
        expected: bySecret
          ? 'HS256, HS384 or HS512 with AUTH_SECRET'
          : 'no HS… algorithm without AUTH_SECRET',
        found: `"${misplaced.join(',')}"`,
        todo: `remove them, or the setting: the default is ${bySecret ? 'HS256' : 'RS256,ES256'}`,
      },
    ];
  }
  const bytes = Buffer.byteLength(values.AUTH_SECRET?.reveal() ?? '');
  const least = Math.max(
    ...algorithms.map((name) => LEAST_SECRET_BYTES[name as keyof typeof LEAST_SECRET_BYTES] ?? 0),
    0,
  );
  if (!bySecret || values.AUTH_SECRET === null || bytes >= least) return [];
  return [
    {
      setting: 'AUTH_SECRET',
      expected: `a secret of at least ${least} bytes, as AUTH_ALGORITHMS demands (RFC 7518 3.2)`,
      found: `a text of ${bytes} bytes`,
      todo: 'make one with: openssl rand -base64 64',
    },
  ];
}

function metricsPort({ values }: Given): readonly SettingsProblem[] {
  if (values.METRICS_PORT === null || values.METRICS_PORT !== values.PORT) return [];
  return [
    {
      setting: 'METRICS_PORT',
      expected: 'another port than PORT',
      found: `"${values.METRICS_PORT}" for both`,
      todo: 'choose another one; the API is public, metrics are not',
    },
  ];
}
