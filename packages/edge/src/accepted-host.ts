import type { Distribution } from './distribution/distribution.js';

/**
 * Says whether the edge answers for a `Host` (E40): an alias or the distribution's own name with any port,
 * a name in `publicHosts`, and a loopback name with the port it listens on.
 */
export function acceptsHost(
  host: string,
  distribution: Pick<Distribution, 'aliases' | 'domainName' | 'publicHosts'>,
  listeningPort: number,
): boolean {
  const asked = host.toLowerCase();
  if (distribution.publicHosts.has(asked)) return true;
  const port = listeningPort === 80 || listeningPort === 443 ? '' : `:${listeningPort}`;
  if (['localhost', '127.0.0.1', '[::1]'].some((name) => asked === `${name}${port}`)) return true;
  const name = asked.replace(/:[0-9]{1,5}$/, '');
  return name === distribution.domainName || distribution.aliases.some((alias) => covers(alias, name));
}

/** `*.example.com` covers every name below `example.com`, however deep, and not that name itself. */
function covers(alias: string, name: string): boolean {
  if (!alias.startsWith('*.')) return alias === name;
  return name.endsWith(alias.slice(1)) && name.length > alias.length - 1;
}
