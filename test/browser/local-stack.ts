import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../support/free-port.js';
import { startEdgepass, type RunningProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';

export interface StackOptions {
  /** Host names; default those of `npm start`. */
  readonly hosts?: { readonly app: string; readonly api: string; readonly cdn: string };
  /** Page, API and files behind one address (`--one-host`). */
  readonly isOneHost?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** Further arguments of `edgepass start`. */
  readonly args?: readonly string[];
}

export interface LocalStack {
  readonly appUrl: string;
  readonly apiUrl: string;
  readonly cdnUrl: string;
  readonly ports: { readonly app: number; readonly api: number; readonly edge: number };
  readonly caFile: string;
  readonly dataFolder: string;
  readonly mediaFolder: string;
  readonly distributionFolder: string;
  readonly process: RunningProcess;
}

const DEFAULT_HOSTS = {
  app: 'app.edgepass.localhost',
  api: 'api.edgepass.localhost',
  cdn: 'cdn.edgepass.localhost',
};

/** Starts `edgepass start` in an empty folder, as a newcomer does, but on ports that are free. */
export async function startStack(options: StackOptions = {}): Promise<LocalStack> {
  const hosts = options.hosts ?? DEFAULT_HOSTS;
  const [app = 0, api = 0, edge = 0] = await freePorts(3);
  const folder = temporaryFolder('stack');
  const dataFolder = join(folder, 'data');
  const oneHost = `https://www.edgepass.localhost:${edge}`;
  const urls =
    options.isOneHost === true
      ? { appUrl: oneHost, apiUrl: `${oneHost}/api`, cdnUrl: oneHost }
      : {
          appUrl: `https://${hosts.app}:${app}`,
          apiUrl: `https://${hosts.api}:${api}`,
          cdnUrl: `https://${hosts.cdn}:${edge}`,
        };
  const flags = options.isOneHost === true ? ['--one-host'] : [];
  const process = startEdgepass(['start', ...flags, ...(options.args ?? [])], {
    cwd: folder,
    environment: {
      DATA_DIR: dataFolder,
      APP_ORIGINS: urls.appUrl,
      PUBLIC_URL: urls.apiUrl,
      CLOUDFRONT_DOMAIN: urls.cdnUrl,
      ...options.environment,
    },
  });
  await process.waitForLine('edgepass is running', 25_000);
  return {
    ...urls,
    ports: { app, api, edge },
    caFile: join(dataFolder, 'tls', 'ca.pem'),
    dataFolder,
    mediaFolder: join(dataFolder, 'media'),
    distributionFolder: join(dataFolder, 'distribution'),
    process,
  };
}

/** The certificate authority that a test client of that stack trusts. */
export function authorityOf(stack: LocalStack): string {
  return readFileSync(stack.caFile, 'utf8');
}

/**
 * Starts another edge on the same distribution folder, whose clock is that much ahead. Gives its port.
 */
export function startEdgeWithClock(distributionFolder: string, offsetSeconds: number): Promise<number> {
  return startAnotherEdge(['--distribution', distributionFolder], offsetSeconds);
}

/** Starts another edge, with these arguments of `edgepass edge`. Gives its port. */
export async function startAnotherEdge(args: readonly string[], offsetSeconds = 0): Promise<number> {
  const clock = ['--clock-offset-seconds', String(offsetSeconds)];
  const edge = startEdgepass(['edge', ...args, '--port', '0', ...clock]);
  const line = await edge.waitForLine('edge ready');
  return Number(/:(\d+)$/.exec(line)?.[1]);
}
