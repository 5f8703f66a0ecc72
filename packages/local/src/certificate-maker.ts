import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_SECONDS = 86_400;
/** A certificate is valid from an hour ago: the clock of a phone or a virtual machine may be behind ours. */
const BACKDATE_SECONDS = 3_600;
const AUTHORITY_DAYS = 3_650;
/** With the backdated hour still under the 397 days that Apple and the browsers allow a leaf (B53). */
const LEAF_DAYS = 396;

export interface MadeCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface Names {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

/**
 * A certificate authority of its own name that can vouch for nothing but `permitted`, and only for servers:
 * who reads its key from the data folder must not be able to forge the web.
 */
export async function makeAuthority(permitted: Names, nowEpochSeconds: number): Promise<MadeCertificate> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const keyId = await x509.SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Firefox and NSS confuse two authorities of one name, so each gets its own.
    name: `O=edgepass, CN=edgepass development CA ${keyId.keyId.slice(0, 8)}`,
    serialNumber: serialNumber(),
    ...validity(nowEpochSeconds, AUTHORITY_DAYS),
    signingAlgorithm: P256,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.Extension(id_ce_nameConstraints, true, nameConstraints(permitted)),
      keyId,
    ],
  });
  return { certificatePem: pem(certificate), privateKeyPem: await exportKey(keys.privateKey) };
}

/** A server certificate for `names`, signed by `authority`; at most 397 days. */
export async function makeLeaf(
  authority: MadeCertificate,
  names: Names,
  nowEpochSeconds: number,
): Promise<MadeCertificate> {
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'O=edgepass, CN=edgepass development',
    issuer: issuer.subjectName,
    serialNumber: serialNumber(),
    ...validity(nowEpochSeconds, LEAF_DAYS),
    signingAlgorithm: P256,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKeyPem),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns', value }) as const),
        ...names.ips.map((value) => ({ type: 'ip', value }) as const),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: pem(certificate), privateKeyPem: await exportKey(keys.privateKey) };
}

/** The names of a leaf. Not by node:crypto, which writes an IPv6 address out in full. */
export function namesIn(certificatePem: string): Names {
  const extension = new x509.X509Certificate(certificatePem).getExtension(
    x509.SubjectAlternativeNameExtension,
  );
  const names = extension?.names.toJSON() ?? [];
  const ofType = (type: string): string[] =>
    names.flatMap((name) => (name.type === type ? [name.value] : []));
  return { dns: ofType('dns'), ips: ofType('ip') };
}

/** What an authority may vouch for, read from its certificate; nothing when it carries no constraints of ours. */
export function permittedBy(certificatePem: string): Names {
  const extension = new x509.X509Certificate(certificatePem).getExtension(id_ce_nameConstraints);
  if (extension === null) return { dns: [], ips: [] };
  const bases = [...(AsnConvert.parse(extension.value, NameConstraints).permittedSubtrees ?? [])].map(
    (tree) => tree.base,
  );
  return {
    dns: bases.flatMap((base) => (base.dNSName === undefined ? [] : [base.dNSName])),
    ips: bases.flatMap((base) =>
      base.iPAddress === undefined ? [] : [base.iPAddress.slice(0, base.iPAddress.indexOf('/'))],
    ),
  };
}

/**
 * RFC 5280 4.2.1.10. A kind of name with no constraint at all would be free, so of host names and addresses
 * the kind that is not in use is excluded altogether.
 */
function nameConstraints(permitted: Names): ArrayBuffer {
  const constraints = new NameConstraints({
    permittedSubtrees: new GeneralSubtrees([
      ...permitted.dns.map((dNSName) => subtree({ dNSName })),
      ...permitted.ips.map((ip) => subtree({ iPAddress: `${ip}/${isIPv4(ip) ? 32 : 128}` })),
    ]),
  });
  const excluded = [
    ...(permitted.dns.length === 0 ? [subtree({ dNSName: '' })] : []),
    ...(permitted.ips.length === 0
      ? [subtree({ iPAddress: '0.0.0.0/0' }), subtree({ iPAddress: '::/0' })]
      : []),
  ];
  if (excluded.length > 0) constraints.excludedSubtrees = new GeneralSubtrees(excluded);
  return AsnConvert.serialize(constraints);
}

function subtree(base: { dNSName: string } | { iPAddress: string }): GeneralSubtree {
  return new GeneralSubtree({ base: new GeneralName(base) });
}

function validity(nowEpochSeconds: number, days: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date((nowEpochSeconds - BACKDATE_SECONDS) * 1000),
    notAfter: new Date((nowEpochSeconds + days * DAY_SECONDS) * 1000),
  };
}

/** 16 random bytes, first bit clear: a serial number is positive (RFC 5280 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

async function importKey(privateKeyPem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(privateKeyPem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, P256, false, ['sign']);
}
