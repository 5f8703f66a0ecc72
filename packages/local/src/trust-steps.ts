import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { permittedBy } from './certificate-maker.js';

/**
 * How each system and program comes to trust the development authority (B54), this machine's own way first.
 * @param hosts the names that are served here
 */
export function trustSteps(
  authorityFile: string,
  hosts: readonly string[],
  platform: NodeJS.Platform = process.platform,
): string {
  const pem = readFileSync(authorityFile, 'utf8');
  const { dns, ips } = permittedBy(pem);
  const file = quote(authorityFile);
  const nickname = quote(commonName(pem));
  const steps: readonly (readonly [label: string, how: string, platform?: NodeJS.Platform])[] = [
    [
      'Chrome on Linux',
      `mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n ${nickname} -i ${file}   (apt install libnss3-tools)`,
      'linux',
    ],
    [
      'macOS',
      `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${file}`,
      'darwin',
    ],
    ['Windows', `certutil -user -addstore Root ${file}`, 'win32'],
    [
      'Firefox',
      'Settings > Privacy & Security > View Certificates > Authorities > Import, "identify websites"',
    ],
    ['Node', `export NODE_EXTRA_CA_CERTS=${file}`],
  ];
  const ordered = steps.toSorted((a, b) => Number(b[2] === platform) - Number(a[2] === platform));
  return [
    `Trust its certificate authority once. It can vouch for ${[...dns, ...ips].join(', ')} and nothing else:`,
    ...ordered.map(([label, how]) => `  ${label.padEnd(16)} ${how}`),
    ...hostsSteps(hosts),
  ].join('\n');
}

/** Browsers resolve `*.localhost` themselves, but for Safari before macOS 26; other names they do not (B47). */
function hostsSteps(hosts: readonly string[]): readonly string[] {
  if (hosts.length === 0) return [];
  const needsAlways = hosts.some((host) => host.endsWith('.test'));
  const label = needsAlways ? 'Hosts file' : 'Safari, macOS<26';
  return [`  ${label.padEnd(16)} echo '127.0.0.1 ${hosts.join(' ')}' | sudo tee -a /etc/hosts`];
}

function commonName(pem: string): string {
  const line = new X509Certificate(pem).subject.split('\n').find((part) => part.startsWith('CN='));
  return line?.slice('CN='.length) ?? 'edgepass';
}

/** A path as a shell takes it: in quotes only where it needs them. */
export function quote(path: string): string {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
