import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.js';

const TIMEOUT_MILLISECONDS = 5_000;
const MOST_CONNECTIONS = 32;

/**
 * Serves `GET /metrics` on a port of its own, because the API is public and metrics are not.
 * Rejects with Node's error when the port is taken.
 */
export function listenForScrapes(metrics: Metrics, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else {
      metrics.text().then(
        (text) => response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.headersTimeout = TIMEOUT_MILLISECONDS;
  server.requestTimeout = TIMEOUT_MILLISECONDS;
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
