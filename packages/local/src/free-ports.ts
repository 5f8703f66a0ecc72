import { createServer, type AddressInfo } from 'node:net';
import { listen, loopbacks } from './server.js';
import { LocalProblem, systemCode } from './problem.js';

/** A port that a setting or a flag names. */
export interface NamedPort {
  readonly setting: string;
  readonly port: number;
}

/** A port that is about to be listened on. */
export interface WantedPort extends NamedPort {
  /** The whole value of the setting with another port in place of this one. */
  readonly valueWith: (port: number) => string;
}

/** What is proposed where a port cannot be had: the same one a little above, or the usual one for those below 1024. */
const STEP = 10;
const UNPRIVILEGED = 8443;

/** Two parts on one port cannot both listen. @throws LocalProblem */
export function refuseSharedPorts(wanted: readonly NamedPort[]): void {
  for (const [index, { setting, port }] of wanted.entries()) {
    const other = wanted.slice(0, index).find((earlier) => earlier.port === port);
    if (other === undefined) continue;
    throw new LocalProblem(
      `${setting}: expected a port of its own for each local part; found ${port}, which ${other.setting} needs too; ` +
        `give one of them another port`,
    );
  }
}

/**
 * Makes sure before anything is started that every port can be had.
 * @throws LocalProblem with one line for each that cannot
 */
export async function assertPortsAreFree(host: string, wanted: readonly WantedPort[]): Promise<void> {
  const problems: string[] = [];
  for (const want of wanted) {
    const code = await tryPort(host, want.port);
    if (code !== null) problems.push(portProblem(want, host, code));
  }
  if (problems.length > 0) throw new LocalProblem(problems.join('\n'));
}

/** The line for a port that could not be listened on; `code` is Node's: `EADDRINUSE`. */
function portProblem({ setting, port, valueWith }: WantedPort, host: string, code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `${setting}: expected port ${port} to be free; found another program on it; stop that program (\`lsof -i :${port}\` names it) or set ${setting}=${valueWith((port + STEP) % 65_536)}`;
    case 'EACCES':
      return `${setting}: expected a port that this user may listen on; found ${port}; set ${setting}=${valueWith(UNPRIVILEGED)}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST: expected an address of this machine; found ${host}; set HOST to 127.0.0.1`;
    default:
      return `${setting}: port ${port} on ${host} cannot be listened on (${code})`;
  }
}

/** A port of that address that nothing listens on now. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  await listen(server, host, 0, false);
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function tryPort(host: string, port: number): Promise<string | null> {
  for (const address of loopbacks(host)) {
    const server = createServer();
    try {
      if (await listen(server, address, port, address !== host))
        await new Promise((done) => server.close(done));
    } catch (error) {
      return systemCode(error);
    }
  }
  return null;
}
