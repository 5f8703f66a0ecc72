import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { permittedBy } from './certificate-maker.js';
import { isUnderLocalhost } from './parts.js';

/**
 * How each system and program comes to trust the development authority (B54), this machine's own way first.
 * @param shownFile the authority's file as a person at this terminal can name it
 */
export function trustSteps(
  authorityFile: string,
  shownFile = authorityFile,
  platform: NodeJS.Platform = process.platform,
): string {
  const pem = readFileSync(authorityFile, 'utf8');
  const { dns, ips } = permittedBy(pem);
  const file = quote(shownFile);
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
  ].join('\n');
}

/**
 * The line of the hosts file, and who needs it: browsers and curl resolve `*.localhost` themselves, but for Safari
 * before macOS 26; what asks the C library often does not, and nobody knows `*.test` (B47).
 * @param hosts the names that are served here; a name that DNS knows needs no line
 * @returns `''` where none does
 */
export function hostsStep(hosts: readonly string[]): string {
  const unknown = hosts.filter((host) => isUnderLocalhost(host) || host.endsWith('.test'));
  if (unknown.length === 0) return '';
  const who = unknown.every(isUnderLocalhost)
    ? "Browsers and curl find these hosts by themselves. Node, Python, ffmpeg, Playwright's request and Safari before\n" +
      'macOS 26 need a line in the hosts file, unless this system resolves *.localhost:'
    : 'These hosts need a line in the hosts file:';
  return `${who}\n  echo '127.0.0.1 ${unknown.join(' ')}' | sudo tee -a /etc/hosts`;
}

/** The authority's file as the person at the terminal names it, who takes it out of a container first. */
export function shownAuthority(file: string, isContainer: boolean): string {
  return isContainer ? 'ca.pem' : file;
}

function commonName(pem: string): string {
  const line = new X509Certificate(pem).subject.split('\n').find((part) => part.startsWith('CN='));
  return line?.slice('CN='.length) ?? 'edgepass';
}

/** A path as a shell takes it: in quotes only where it needs them. */
export function quote(path: string): string {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
