import { KeySourceError, readPublicKeyFile } from '../authentication/public-key-file.js';
import { deriveCookieAttributes } from '../cloudfront/cookies/cookie-attributes.js';
import { loadSigningKey } from '../cloudfront/keys/signing-key.js';
import { readSigningKeyFile } from '../cloudfront/keys/signing-key-file.js';
import { inOrder, type ReadValues } from '../settings/read-settings.js';
import type { SettingsProblem } from '../settings/settings-problem.js';
import { readTlsFiles } from './tls-files.js';

/**
 * Adds to the problems of the settings what only shows when the files they name are opened and the addresses
 * are put together, so that one start reports everything. A setting that is wrong in itself is reported once.
 */
export async function withStartProblems(
  read: ReadValues,
  problems: readonly SettingsProblem[],
): Promise<readonly SettingsProblem[]> {
  const reported = new Set(problems.map(({ setting }) => setting));
  const more = [
    ...signingKeyProblems(read),
    ...cookieProblems(read),
    ...tlsProblems(read),
    ...(await publicKeyProblems(read)),
  ];
  return inOrder([...problems, ...more.filter(({ setting }) => !reported.has(setting))]);
}

function signingKeyProblems(read: ReadValues): readonly SettingsProblem[] {
  const loaded = loadNamedKey(read);
  return loaded !== null && 'problem' in loaded ? [loaded.problem] : [];
}

/**
 * The public half of the signing key that the settings name, as a distribution must know it.
 * @returns `null` where they name none
 * @throws an error with `problems`, for `describeStartFailure`
 */
export function readPublicHalf(
  read: ReadValues,
): { readonly keyPairId: string; readonly publicKeyPem: string } | null {
  const loaded = loadNamedKey(read);
  if (loaded === null) return null;
  if ('problem' in loaded)
    throw Object.assign(new Error(loaded.problem.expected), { problems: [loaded.problem] });
  return { keyPairId: loaded.key.keyPairId, publicKeyPem: loaded.key.publicKeyPem };
}

/** `null` where the settings name no key, or one too many. */
function loadNamedKey({ environment, values }: ReadValues) {
  const {
    CLOUDFRONT_PRIVATE_KEY: text,
    CLOUDFRONT_PRIVATE_KEY_FILE: file,
    CLOUDFRONT_KEY_PAIR_ID: keyPairId,
  } = values;
  if ((text === null) === (file === null)) return null;
  const key =
    file === null
      ? { text: text?.reveal() ?? '', file }
      : readFile(readSigningKeyFile(file, environment), file);
  return 'problem' in key ? key : loadSigningKey({ ...key, keyPairId });
}

function readFile(read: ReturnType<typeof readSigningKeyFile>, file: string) {
  return 'problem' in read ? read : { text: read.text, file };
}

function cookieProblems({ environment, values }: ReadValues): readonly SettingsProblem[] {
  const { PUBLIC_URL: publicUrl, CLOUDFRONT_DOMAIN: cloudFrontUrl, APP_ORIGINS: appOrigins } = values;
  if (publicUrl === null || cloudFrontUrl === null || appOrigins === null) return [];
  const derived = deriveCookieAttributes({
    environment,
    publicUrl,
    cloudFrontUrl,
    appOrigins,
    cookies: {
      domain: values.COOKIE_DOMAIN,
      sameSite: values.COOKIE_SAME_SITE,
      secure: values.COOKIE_SECURE,
      partitioned: values.COOKIE_PARTITIONED,
      path: values.COOKIE_PATH ?? 'prefix',
    },
  });
  return 'problems' in derived ? derived.problems : [];
}

function tlsProblems({ values: { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } }: ReadValues) {
  if (certFile === null || keyFile === null) return [];
  const read = readTlsFiles({ certFile, keyFile });
  return 'problems' in read ? read.problems : [];
}

async function publicKeyProblems({ values }: ReadValues): Promise<readonly SettingsProblem[]> {
  if (values.AUTH_PUBLIC_KEY_FILE === null) return [];
  try {
    await readPublicKeyFile(values.AUTH_PUBLIC_KEY_FILE);
    return [];
  } catch (error) {
    if (!(error instanceof KeySourceError)) throw error;
    return [error.problem];
  }
}
