import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { errorCode } from './error-code.js';
import type { Settings } from '../settings/settings.js';
import type { SettingsProblem } from '../settings/settings-problem.js';

/** The texts of the two files, as a server takes them. */
export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

type TlsSetting = 'TLS_CERT_FILE' | 'TLS_KEY_FILE';

const EXPECTED: Readonly<Record<TlsSetting, string>> = {
  TLS_CERT_FILE: 'a PEM file with the certificate, and after it the chain up to the authority',
  TLS_KEY_FILE: 'a PEM file with the private key of that certificate, without a passphrase',
};

/** Reads the certificate and key that HTTPS is served with; gives them, or everything that is wrong with them. */
export function readTlsFiles({
  certFile,
  keyFile,
}: NonNullable<Settings['tls']>): TlsTexts | { readonly problems: readonly SettingsProblem[] } {
  const certificate = readPem('TLS_CERT_FILE', certFile, (pem) => new X509Certificate(pem));
  const key = readPem('TLS_KEY_FILE', keyFile, (pem) => createPrivateKey(pem));
  const problems = [certificate, key].flatMap((read) => ('problem' in read ? [read.problem] : []));
  if ('problem' in certificate || 'problem' in key) return { problems };
  const texts = { cert: certificate.pem, key: key.pem };
  const mismatch = mismatchOf(certificate.value, key.value, texts);
  if (mismatch === null) return texts;
  return { problems: [problem('TLS_KEY_FILE', `${keyFile}: ${mismatch}`)] };
}

function readPem<T>(
  setting: TlsSetting,
  path: string,
  parse: (pem: string) => T,
): { readonly pem: string; readonly value: T } | { readonly problem: SettingsProblem } {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    return { problem: problem(setting, `${path}, which cannot be read (${code})`) };
  }
  try {
    return { pem, value: parse(pem) };
  } catch {
    // OpenSSL's text is left out: it does not say what to do.
    return { problem: problem(setting, `${path} with none that can be read`) };
  }
}

function mismatchOf(certificate: X509Certificate, key: KeyObject, texts: TlsTexts): string | null {
  if (!certificate.checkPrivateKey(key)) return 'the key of another certificate';
  try {
    createSecureContext(texts);
    return null;
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    return `a pair that this Node refuses (${code})`;
  }
}

function problem(setting: TlsSetting, found: string): SettingsProblem {
  return {
    setting,
    expected: EXPECTED[setting],
    found,
    todo: 'correct the path, the permissions or the file; or set neither, behind a TLS terminator',
  };
}
