import { createServer, request, type Agent, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A balancer as small as can be: passes each request to the first instance whose readiness last said yes. */
export interface Balancer {
  readonly url: string;
  /** Which instance new requests go to. */
  target(): string | null;
  close(): Promise<void>;
}

/**
 * Balances between instances. It reads `/health/ready` of each again and again, tries nothing twice, and
 * keeps its connections to the instances alive: so a request that an instance drops is a failed request.
 * @param intervalMilliseconds between two looks
 */
export async function startBalancer(
  instances: readonly string[],
  intervalMilliseconds: number,
  agent: Agent,
): Promise<Balancer> {
  const ready = new Set<string>();
  const look = async (url: string): Promise<void> => {
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.status === 200) ready.add(url);
    else ready.delete(url);
    await answer?.body?.cancel();
  };
  const lookAtAll = (): Promise<unknown> => Promise.all(instances.map(look));
  await lookAtAll();
  const timer = setInterval(() => void lookAtAll(), intervalMilliseconds);
  const target = (): string | null => instances.find((url) => ready.has(url)) ?? null;
  const server: Server = createServer((incoming, outgoing) => {
    const to = target();
    if (to === null) {
      outgoing.writeHead(502).end('no instance is ready');
      return;
    }
    const { method, headers, url } = incoming;
    const passed = request(`${to}${url}`, { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.once('error', (error) => outgoing.writeHead(502).end(error.message));
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    close: async () => {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
