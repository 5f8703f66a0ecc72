import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from './clock.js';
import { writeFileAtomically } from './atomic-file.js';
import {
  makeAuthority,
  makeLeaf,
  namesIn,
  permittedBy,
  type MadeCertificate,
  type Names,
} from './certificate-maker.js';
import { isUnderLocalhost } from './parts.js';

/** Renewed before it ends while somebody is at work. */
const RENEWAL_SECONDS = 30 * 86_400;

export interface Certificates {
  readonly authorityFile: string;
  /** The certificate file and key file of the page, the API and the edge. */
  readonly certFile: string;
  readonly keyFile: string;
  /** One line each: what was made anew and whether it must be trusted again. */
  readonly notes: readonly string[];
}

/**
 * The development certificates for `hosts` in DATA_DIR/tls: what is there and good is kept, the rest is
 * made. A new authority is made only when none that was made before can vouch for these hosts, because every
 * browser must then be made to trust it. The others stay in DATA_DIR/tls/earlier, for who goes back to their names.
 */
export async function ensureCertificates(
  dataDir: string,
  hosts: readonly string[],
  clock: Clock,
): Promise<Certificates> {
  const folder = join(dataDir, 'tls');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = {
    authorityFile: join(folder, 'ca.pem'),
    authorityKeyFile: join(folder, 'ca-key.pem'),
    certFile: join(folder, 'leaf.pem'),
    keyFile: join(folder, 'leaf-key.pem'),
  };
  const now = clock.nowEpochSeconds();
  const notes: string[] = [];

  const needed = permittedNames(hosts);
  let authority = read(files.authorityFile, files.authorityKeyFile);
  const fault = authorityFault(authority, needed, now);
  if (fault !== null || authority === null || authority === 'unreadable') {
    const earlierFolder = join(folder, 'earlier');
    if (authority !== null && authority !== 'unreadable') keep(earlierFolder, authority);
    const earlier = findEarlier(earlierFolder, needed, now);
    authority = earlier ?? (await makeAuthority(needed, now));
    writeFileAtomically(files.authorityKeyFile, authority.privateKeyPem, 0o600);
    writeFileAtomically(files.authorityFile, authority.certificatePem);
    if (earlier !== null)
      notes.push(`The certificate authority for ${listOf(needed)} is back: who trusted it still does.`);
    else if (fault !== 'missing')
      notes.push(`A new certificate authority was made (${fault}): trust ${files.authorityFile} again.`);
  }

  const leaf = read(files.certFile, files.keyFile);
  const leafProblem = leafFault(leaf, authority, leafNames(hosts), now);
  if (leafProblem !== null) {
    const made = await makeLeaf(authority, leafNames(hosts), now);
    writeFileAtomically(files.keyFile, made.privateKeyPem, 0o600);
    writeFileAtomically(files.certFile, made.certificatePem);
    if (leafProblem !== 'missing')
      notes.push(`The certificate of the local hosts was renewed (${leafProblem}).`);
  }
  for (const key of [files.authorityKeyFile, files.keyFile]) chmodSync(key, 0o600);
  return { authorityFile: files.authorityFile, certFile: files.certFile, keyFile: files.keyFile, notes };
}

/** Puts an authority aside that the hosts of this start are none of. */
function keep(folder: string, authority: MadeCertificate): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = new X509Certificate(authority.certificatePem).fingerprint256.replaceAll(':', '').slice(0, 16);
  writeFileAtomically(join(folder, `${name}-key.pem`), authority.privateKeyPem, 0o600);
  writeFileAtomically(join(folder, `${name}.pem`), authority.certificatePem);
}

function findEarlier(folder: string, needed: Names, now: number): MadeCertificate | null {
  if (!existsSync(folder)) return null;
  const names = readdirSync(folder).filter((name) => /^[0-9A-F]{16}\.pem$/.test(name));
  for (const name of names) {
    const found = read(join(folder, name), join(folder, name.replace('.pem', '-key.pem')));
    if (found === null || found === 'unreadable') continue;
    if (authorityFault(found, needed, now) === null) return found;
  }
  return null;
}

function listOf({ dns, ips }: Names): string {
  return [...dns, ...ips].join(', ');
}

/** `'unreadable'` also when the key does not belong to the certificate. */
function read(certificateFile: string, keyFile: string): MadeCertificate | 'unreadable' | null {
  if (!existsSync(certificateFile) && !existsSync(keyFile)) return null;
  try {
    const certificatePem = readFileSync(certificateFile, 'utf8');
    const privateKeyPem = readFileSync(keyFile, 'utf8');
    const matches = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
    return matches ? { certificatePem, privateKeyPem } : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function authorityFault(found: ReturnType<typeof read>, needed: Names, now: number): string | null {
  if (found === null) return 'missing';
  if (found === 'unreadable') return 'the old files could not be read';
  if (endsSoon(found.certificatePem, now)) return 'the old one ends within 30 days';
  const permitted = permittedBy(found.certificatePem);
  const outside = [
    ...needed.dns.filter((name) => !permits(permitted.dns, name)),
    ...needed.ips.filter((ip) => !permitted.ips.includes(ip)),
  ];
  return outside.length === 0 ? null : `the old one cannot vouch for ${outside.join(', ')}`;
}

function leafFault(
  found: ReturnType<typeof read>,
  authority: MadeCertificate,
  names: Names,
  now: number,
): string | null {
  if (found === null) return 'missing';
  if (found === 'unreadable') return 'the old files could not be read';
  const leaf = new X509Certificate(found.certificatePem);
  const issuer = new X509Certificate(authority.certificatePem);
  if (!leaf.verify(issuer.publicKey)) return 'it was signed by another authority';
  if (endsSoon(found.certificatePem, now)) return 'it ends within 30 days';
  const present = namesIn(found.certificatePem);
  const same = isSameSet(present.dns, names.dns) && isSameSet(present.ips, names.ips);
  return same ? null : 'the hosts have changed';
}

function endsSoon(certificatePem: string, now: number): boolean {
  return new X509Certificate(certificatePem).validToDate.getTime() / 1000 - now < RENEWAL_SECONDS;
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}

/**
 * What the development authority may vouch for, as name constraints: the shared label of `.localhost`
 * hosts (`edgepass.localhost`, which covers what is below it), and exactly the other hosts in use.
 */
function permittedNames(hosts: readonly string[]): { dns: readonly string[]; ips: readonly string[] } {
  const dns = hosts.filter((host) => isIP(host) === 0).map((host) => parentUnderLocalhost(host) ?? host);
  return { dns: unique(dns), ips: unique(hosts.filter((host) => isIP(host) !== 0)) };
}

/**
 * The names of the leaf. For `api.edgepass.localhost`: `edgepass.localhost` and `*.edgepass.localhost`;
 * a wildcard directly under `localhost` would be refused by every browser (B46).
 */
function leafNames(hosts: readonly string[]): { dns: readonly string[]; ips: readonly string[] } {
  const dns = hosts
    .filter((host) => isIP(host) === 0)
    .flatMap((host) => {
      const parent = parentUnderLocalhost(host);
      if (parent === null) return [host];
      // A wildcard stands for one label only.
      const deeper = host.split('.').length > 3 ? [host] : [];
      return [parent, `*.${parent}`, ...deeper];
    });
  return { dns: unique(dns), ips: unique(hosts.filter((host) => isIP(host) !== 0)) };
}

/** Do these constraints (host names, each with everything below it) let the authority vouch for the name? */
function permits(permitted: readonly string[], name: string): boolean {
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  return permitted.some((root) => bare === root || bare.endsWith(`.${root}`));
}

function parentUnderLocalhost(host: string): string | null {
  return isUnderLocalhost(host) ? host.split('.').slice(-2).join('.') : null;
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
