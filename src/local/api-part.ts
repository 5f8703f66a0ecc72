import { createServer } from 'node:net';
import type { Settings } from '../settings/settings.js';
import { StartProblem } from '../operation/load-cloudfront.js';
import { startApi } from '../operation/start-api.js';
import { DEMO_ENTITLEMENTS } from './demo-entitlements.js';
import { portProblem } from './free-ports.js';
import { LocalProblem, systemCode } from './local-problem.js';
import { listen, loopbacks, type RunningServer } from './local-server.js';
import { readableLogger } from './readable-log.js';

/** How long requests in flight may take once the stack is asked to stop. */
const GRACE_MILLISECONDS = 500;

/**
 * The API in this process, on both loopback families, with the demo's rights in demo mode.
 * @param setting names the port in a message
 * @throws LocalProblem for a taken port, and what `startApi` throws
 */
export async function startOwnApi(settings: Settings, setting: string): Promise<RunningServer> {
  const { host, port } = settings.listen;
  const entitlements = settings.authentication.mode === 'demo' ? DEMO_ENTITLEMENTS : [];
  const api = await startApi(settings, { entitlements, logger: readableLogger(settings.logLevel) }).catch(
    (error: unknown) => {
      const code = systemCode(error instanceof StartProblem ? error.cause : error);
      throw ['EADDRINUSE', 'EACCES'].includes(code)
        ? new LocalProblem(portProblem(setting, host, port, code))
        : error;
    },
  );
  const close = async (): Promise<void> => {
    for (const other of others) other.close();
    await api.close(GRACE_MILLISECONDS);
  };
  const [, ...otherHosts] = loopbacks(host);
  const others = otherHosts.map(() => createServer((socket) => api.server.emit('connection', socket)));
  try {
    for (const [index, other] of others.entries()) await listen(other, otherHosts[index] ?? host, port, true);
  } catch (error) {
    await close();
    throw new LocalProblem(portProblem(setting, host, port, systemCode(error)));
  }
  return { close };
}
