import type { KeyObject } from 'node:crypto';
import { KeySourceError, readPublicKeyFile } from '../authentication/public-key-file.js';
import type { CheckedOptions } from '../cloudfront/cloudfront-options.js';
import {
  deriveCookieAttributes,
  type CookieAttributes,
  type CookieAttributesInput,
} from '../cloudfront/cookies/cookie-attributes.js';
import { loadSigningKeyFile } from '../cloudfront/keys/signing-key-file.js';
import { loadSigningKey, type SigningKey } from '../cloudfront/keys/signing-key.js';
import { SETTING_OF_FIELD, settingsProblemOf } from '../settings/field-names.js';
import { inOrder, type ReadValues } from '../settings/read-settings.js';
import type { Settings } from '../settings/settings.js';
import type { SettingsProblem } from '../settings/settings-problem.js';
import { readTlsFiles, type TlsTexts } from './tls-files.js';

/** The settings are well formed, but what they name cannot be used. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';

  constructor(
    readonly problems: readonly SettingsProblem[],
    cause?: unknown,
  ) {
    super(problems.map((problem) => `${problem.setting}: ${problem.expected}`).join('\n'), { cause });
  }
}

/** What the settings name, each file read and each key parsed once: one start works with it from here on. */
export interface Deployment {
  readonly cloudFront: CheckedOptions;
  readonly tls: TlsTexts | null;
  /** The key of AUTH_PUBLIC_KEY_FILE, where access tokens are verified with one. */
  readonly tokenKey: KeyObject | null;
  /** What works but deserves attention, in the names of the settings. */
  readonly warnings: readonly string[];
}

/**
 * Reads the files that the settings name, and derives the cookie attributes from the addresses.
 * @throws {StartProblem} with every problem at once
 */
export async function loadDeployment(settings: Settings): Promise<Deployment> {
  const { cloudFront, cookies, environment, publicUrl, appOrigins, authentication } = settings;
  const tokenKeys = authentication.mode === 'jwt' ? authentication.keys : null;
  const loaded = await load({
    environment,
    key: cloudFront,
    cookies: { environment, publicUrl, appOrigins, cookies, cloudFrontUrl: cloudFront.url },
    tls: settings.tls,
    publicKeyFile: tokenKeys?.kind === 'publicKeyFile' ? tokenKeys.path : null,
  });
  const { key, attributes, tls, tokenKey, warnings } = loaded;
  const problems = cloudFront.privateKey === null ? [NO_KEY, ...loaded.problems] : loaded.problems;
  if (problems.length > 0 || key === null || attributes === null) throw new StartProblem(inOrder(problems));
  const { hashAlgorithm, url: cloudFrontUrl } = cloudFront;
  return {
    cloudFront: { key, attributes, hashAlgorithm, cloudFrontUrl, warnings: [] },
    tls,
    tokenKey,
    warnings,
  };
}

/**
 * For settings with problems: adds to them what only shows when the files they name are opened and the addresses
 * are put together, so that one start reports everything. A setting that is wrong in itself is reported once.
 */
export async function withStartProblems(
  { environment, values }: ReadValues,
  problems: readonly SettingsProblem[],
): Promise<readonly SettingsProblem[]> {
  const reported = new Set(problems.map(({ setting }) => setting));
  const more = await load({
    environment,
    key: namedKey(values),
    cookies: namedAddresses(environment, values),
    tls: namedTls(values),
    publicKeyFile: values.AUTH_PUBLIC_KEY_FILE,
  });
  return inOrder([...problems, ...more.problems.filter(({ setting }) => !reported.has(setting))]);
}

/**
 * The public half of the signing key that the settings name, as a distribution must know it.
 * @returns `null` where they name none
 * @throws {StartProblem}
 */
export function readPublicHalf({
  environment,
  values,
}: ReadValues): Pick<SigningKey, 'keyPairId' | 'publicKeyPem'> | null {
  const read = readKey({ environment, key: namedKey(values) });
  if (read === null) return null;
  if ('problem' in read) throw new StartProblem([read.problem]);
  return { keyPairId: read.key.keyPairId, publicKeyPem: read.key.publicKeyPem };
}

const NO_KEY: SettingsProblem = {
  setting: SETTING_OF_FIELD.privateKeyFile,
  expected: 'the private key that signs',
  found: 'nothing',
  todo: 'make one with: edgepass keys ecdsa --out FILE (npm start makes its own)',
};

/** What is to be opened and put together, as far as the settings could be read; `null` what could not. */
interface Sources {
  readonly environment: Settings['environment'];
  readonly key: Pick<Settings['cloudFront'], 'privateKey' | 'keyPairId'>;
  readonly cookies: Omit<CookieAttributesInput, 'names'> | null;
  readonly tls: Settings['tls'];
  readonly publicKeyFile: string | null;
}

interface Loaded {
  readonly key: SigningKey | null;
  readonly attributes: CookieAttributes | null;
  readonly tls: TlsTexts | null;
  readonly tokenKey: KeyObject | null;
  readonly warnings: readonly string[];
  readonly problems: readonly SettingsProblem[];
}

async function load(sources: Sources): Promise<Loaded> {
  const key = readKey(sources);
  const cookies = sources.cookies && deriveCookieAttributes({ ...sources.cookies, names: SETTING_OF_FIELD });
  const tls = sources.tls && readTlsFiles(sources.tls);
  const token = sources.publicKeyFile === null ? null : await readTokenKey(sources.publicKeyFile);
  return {
    key: key && 'key' in key ? key.key : null,
    attributes: cookies && 'attributes' in cookies ? cookies.attributes : null,
    tls: tls && 'cert' in tls ? tls : null,
    tokenKey: token && 'key' in token ? token.key : null,
    warnings: [...(key && 'key' in key ? key.warnings : []), ...(cookies?.warnings ?? [])],
    problems: [
      ...(key && 'problem' in key ? [key.problem] : []),
      ...(cookies && 'faults' in cookies ? cookies.faults.map(settingsProblemOf) : []),
      ...(tls && 'problems' in tls ? tls.problems : []),
      ...(token && 'problem' in token ? [token.problem] : []),
    ],
  };
}

/**
 * The signing key that the settings name, read and parsed; `null` where they name none.
 * @returns the key with its warnings, or the problem, in the names of the settings
 */
export function readKey({
  key: { privateKey, keyPairId },
  environment,
}: Pick<Sources, 'key' | 'environment'>):
  | { readonly key: SigningKey; readonly warnings: readonly string[] }
  | { readonly problem: SettingsProblem }
  | null {
  if (privateKey === null) return null;
  const given = { keyPairId, names: SETTING_OF_FIELD };
  const loaded =
    privateKey.kind === 'text'
      ? loadSigningKey({ ...given, text: privateKey.text.reveal(), file: null })
      : loadSigningKeyFile({ ...given, path: privateKey.path, environment });
  if ('fault' in loaded) return { problem: settingsProblemOf(loaded.fault) };
  return { warnings: [], ...loaded };
}

async function readTokenKey(
  path: string,
): Promise<{ readonly key: KeyObject } | { readonly problem: SettingsProblem }> {
  try {
    return { key: await readPublicKeyFile(path) };
  } catch (error) {
    if (!(error instanceof KeySourceError)) throw error;
    return { problem: error.problem };
  }
}

type Values = ReadValues['values'];

/** No key where both are given: that is a problem of its own. */
function namedKey(values: Values): Sources['key'] {
  const {
    CLOUDFRONT_PRIVATE_KEY: text,
    CLOUDFRONT_PRIVATE_KEY_FILE: path,
    CLOUDFRONT_KEY_PAIR_ID: keyPairId,
  } = values;
  if (text !== null && path === null) return { privateKey: { kind: 'text', text }, keyPairId };
  if (text === null && path !== null) return { privateKey: { kind: 'file', path }, keyPairId };
  return { privateKey: null, keyPairId };
}

function namedAddresses(environment: Settings['environment'], values: Values): Sources['cookies'] {
  const { PUBLIC_URL: publicUrl, CLOUDFRONT_DOMAIN: cloudFrontUrl, APP_ORIGINS: appOrigins } = values;
  if (publicUrl === null || cloudFrontUrl === null || appOrigins === null) return null;
  const cookies = {
    domain: values.COOKIE_DOMAIN,
    sameSite: values.COOKIE_SAME_SITE,
    secure: values.COOKIE_SECURE,
    partitioned: values.COOKIE_PARTITIONED,
    path: values.COOKIE_PATH ?? 'prefix',
  } as const;
  return { environment, publicUrl, cloudFrontUrl, appOrigins, cookies };
}

function namedTls({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Values): Settings['tls'] {
  return certFile === null || keyFile === null ? null : { certFile, keyFile };
}
