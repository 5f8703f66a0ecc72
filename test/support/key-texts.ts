import { generateKeyPairSync } from 'node:crypto';
import { keepKey } from './canaries/canaries.js';
import { rsaKeyPair } from './rsa-keys.js';
import { signatureVectors } from './signature-vectors.js';

/** The published RSA-2048 key of the vectors, PKCS#1. */
export const rsaKeyText = signatureVectors.rsa.privateKeyPem;

/** A fresh P-256 key. */
export function ecKeyText(type: 'pkcs8' | 'sec1' = 'pkcs8'): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  keepKey('a P-256 key', privateKey);
  return privateKey.export({ type, format: 'pem' }).toString();
}

/** An RSA key of that size that this file has not been given yet, PKCS#8. */
export function rsaKeyTextOf(modulusLength: number): string {
  const { privateKey } = rsaKeyPair(modulusLength);
  keepKey(`an RSA key of ${modulusLength} bits`, privateKey);
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
