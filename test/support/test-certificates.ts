import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { temporaryFolder } from './temporary-folder.js';

export interface TestCertificates {
  readonly caPem: string;
  readonly caFile: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMilliseconds = 86_400_000;

/** Makes an authority and a server certificate for the DNS names, for servers that a test itself starts; the product makes its own. */
export async function makeTestCertificates(names: readonly string[]): Promise<TestCertificates> {
  x509.cryptoProvider.set(webcrypto);
  const [caKeys, leafKeys] = await Promise.all([makeKeys(), makeKeys()]);
  const notBefore = new Date(Date.now() - dayMilliseconds);
  const notAfter = new Date(Date.now() + 7 * dayMilliseconds);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=edgepass test authority',
    notBefore,
    notAfter,
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: '02',
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: ca.subject,
    notBefore,
    notAfter,
    publicKey: leafKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  const caPem = `${ca.toString('pem')}\n`;
  const caFile = join(temporaryFolder('ca'), 'ca.pem');
  writeFileSync(caFile, caPem);
  const keyBytes = await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey);
  return {
    caPem,
    caFile,
    certificatePem: `${leaf.toString('pem')}\n`,
    keyPem: x509.PemConverter.encode(keyBytes, 'PRIVATE KEY'),
  };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
