import { join } from 'node:path';
import { isDemoForOthers, type Given } from './check-together.js';
import type { SettingValues } from './settings-table.js';
import type { AuthenticationSettings, CloudFrontSettings, DatabaseSettings, Settings } from './settings.js';

/** The final form of settings that have passed every check. */
export function assembleSettings(given: Given): Settings {
  const { environment, values, authMode } = given;
  const dataDir = present(values, 'DATA_DIR');
  return {
    environment,
    listen: { host: present(values, 'HOST'), port: present(values, 'PORT') },
    ownHostOnly: isDemoForOthers(given),
    publicUrl: present(values, 'PUBLIC_URL'),
    appOrigins: present(values, 'APP_ORIGINS'),
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    tls:
      values.TLS_CERT_FILE === null || values.TLS_KEY_FILE === null
        ? null
        : { certFile: values.TLS_CERT_FILE, keyFile: values.TLS_KEY_FILE },
    cloudFront: {
      url: present(values, 'CLOUDFRONT_DOMAIN'),
      keyPairId: values.CLOUDFRONT_KEY_PAIR_ID,
      privateKey: privateKey(values),
      hashAlgorithm: present(values, 'CLOUDFRONT_HASH_ALGORITHM'),
    },
    cookies: {
      domain: values.COOKIE_DOMAIN,
      sameSite: values.COOKIE_SAME_SITE,
      secure: values.COOKIE_SECURE,
      partitioned: values.COOKIE_PARTITIONED,
      path: present(values, 'COOKIE_PATH'),
    },
    grants: {
      ttlSeconds: present(values, 'GRANT_TTL_SECONDS'),
      maxTtlSeconds: present(values, 'GRANT_MAX_TTL_SECONDS'),
    },
    authentication: authentication(values, authMode),
    database: values.DATABASE_URL ?? embedded(dataDir),
    dataDir,
    metricsPort: values.METRICS_PORT,
    limits: {
      requestsPerAddress: present(values, 'REQUEST_LIMIT_PER_ADDRESS'),
      grantsPerViewer: present(values, 'GRANT_LIMIT_PER_VIEWER'),
    },
    drainSeconds: present(values, 'DRAIN_SECONDS'),
    apiDocs: present(values, 'API_DOCS'),
    logLevel: present(values, 'LOG_LEVEL'),
  };
}

/** A value that has a default or was checked to be there; its absence is a mistake in the checks. */
function present<Name extends keyof SettingValues>(
  values: SettingValues,
  name: Name,
): NonNullable<SettingValues[Name]> {
  const value = values[name];
  if (value === null) throw new TypeError(`${name} passed the checks without a value`);
  return value as NonNullable<SettingValues[Name]>;
}

function embedded(dataDir: string): DatabaseSettings {
  return { kind: 'sqlite', path: join(dataDir, 'edgepass.sqlite') };
}

function privateKey(values: SettingValues): CloudFrontSettings['privateKey'] {
  const { CLOUDFRONT_PRIVATE_KEY: text, CLOUDFRONT_PRIVATE_KEY_FILE: path } = values;
  if (text !== null) return { kind: 'text', text };
  return path === null ? null : { kind: 'file', path };
}

function authentication(values: SettingValues, mode: Given['authMode']): AuthenticationSettings {
  const claims = {
    viewerClaim: present(values, 'AUTH_VIEWER_CLAIM'),
    groupsClaim: present(values, 'AUTH_GROUPS_CLAIM'),
    adminGroup: values.AUTH_ADMIN_GROUP,
  };
  // Where callers sign in elsewhere, no API of ours is started with these settings.
  if (mode !== 'jwt') return { ...claims, mode: 'demo' };
  const { AUTH_JWKS_URL: url, AUTH_PUBLIC_KEY_FILE: path, AUTH_SECRET: secret } = values;
  return {
    ...claims,
    mode,
    keys:
      url !== null
        ? { kind: 'jwks', url }
        : path !== null
          ? { kind: 'publicKeyFile', path }
          : { kind: 'secret', secret: present(values, 'AUTH_SECRET') },
    issuer: present(values, 'AUTH_ISSUER'),
    audience: present(values, 'AUTH_AUDIENCE'),
    algorithms: values.AUTH_ALGORITHMS ?? (secret === null ? ['RS256', 'ES256'] : ['HS256']),
    cookie: values.AUTH_COOKIE,
  };
}
