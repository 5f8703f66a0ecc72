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

function signingKeyProblems({ environment, values }: ReadValues): readonly SettingsProblem[] {
  const {
    CLOUDFRONT_PRIVATE_KEY: text,
    CLOUDFRONT_PRIVATE_KEY_FILE: file,
    CLOUDFRONT_KEY_PAIR_ID: keyPairId,
  } = values;
  if ((text === null) === (file === null)) return [];
  const key =
    file === null
      ? { text: text?.reveal() ?? '', file }
      : readFile(readSigningKeyFile(file, environment), file);
  if ('problem' in key) return [key.problem];
  const loaded = loadSigningKey({ ...key, keyPairId });
  return 'problem' in loaded ? [loaded.problem] : [];
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
