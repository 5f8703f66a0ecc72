import { createServer } from 'node:net';
import { listen, loopbacks } from './server.js';
import { LocalProblem, systemCode } from './problem.js';

/** A port that is about to be listened on, and the setting that names it. */
export interface WantedPort {
  readonly setting: string;
  readonly port: number;
}

/** Two parts on one port cannot both listen. @throws LocalProblem */
export function refuseSharedPorts(wanted: readonly WantedPort[]): void {
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
  for (const { setting, port } of wanted) {
    const code = await tryPort(host, port);
    if (code !== null) problems.push(portProblem(setting, host, port, code));
  }
  if (problems.length > 0) throw new LocalProblem(problems.join('\n'));
}

/** The line for a port that could not be listened on; `code` is Node's: `EADDRINUSE`. */
export function portProblem(setting: string, host: string, port: number, code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `${setting}: expected port ${port} to be free; found another program on it; stop that program (\`lsof -i :${port}\` names it) or set ${setting} to another port`;
    case 'EACCES':
      return `${setting}: expected a port that this user may listen on; found ${port}; set ${setting} to a port of 1024 or more`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST: expected an address of this machine; found ${host}; set HOST to 127.0.0.1`;
    default:
      return `${setting}: port ${port} on ${host} cannot be listened on (${code})`;
  }
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
