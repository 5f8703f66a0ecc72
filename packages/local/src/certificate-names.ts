import { isIP } from 'node:net';
import { isUnderLocalhost } from './parts.js';

/**
 * What the development authority may vouch for, as name constraints: the shared label of `.localhost`
 * hosts (`edgepass.localhost`, which covers what is below it), and exactly the other hosts in use.
 */
export function permittedNames(hosts: readonly string[]): { dns: readonly string[]; ips: readonly string[] } {
  const dns = hosts.filter((host) => isIP(host) === 0).map((host) => parentUnderLocalhost(host) ?? host);
  return { dns: unique(dns), ips: unique(hosts.filter((host) => isIP(host) !== 0)) };
}

/**
 * The names of the leaf. For `api.edgepass.localhost`: `edgepass.localhost` and `*.edgepass.localhost`;
 * a wildcard directly under `localhost` would be refused by every browser (B46).
 */
export function leafNames(hosts: readonly string[]): { dns: readonly string[]; ips: readonly string[] } {
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
export function permits(permitted: readonly string[], name: string): boolean {
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  return permitted.some((root) => bare === root || bare.endsWith(`.${root}`));
}

function parentUnderLocalhost(host: string): string | null {
  return isUnderLocalhost(host) ? host.split('.').slice(-2).join('.') : null;
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
