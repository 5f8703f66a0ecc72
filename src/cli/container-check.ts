/**
 * The container's HEALTHCHECK: `node dist/cli/container-check.js` exits 0 when the API that listens
 * in this container is ready, else 1 with one line that says why. It reads where to look and nothing
 * else, so it costs a fraction of a start of the API.
 */
import { get as getHttp } from 'node:http';
import { get as getHttps, type RequestOptions } from 'node:https';

const timeoutMilliseconds = 3000;
const everyInterface = new Set(['0.0.0.0', '::', '[::]', '']);
const host = process.env['HOST'] ?? '';
const port = process.env['PORT'] ?? '3001';

const options: RequestOptions = {
  host: everyInterface.has(host) ? '127.0.0.1' : host,
  port,
  path: '/health/ready',
  timeout: timeoutMilliseconds,
  // The certificate names the public host; nothing is sent here, and only a status is read.
  rejectUnauthorized: false,
};

const plain = await ask(getHttp);
// A TLS listener answers plain HTTP with an alert, which is no HTTP answer.
const answer = typeof plain === 'number' ? plain : await ask(getHttps);

if (answer === 200) {
  console.log('ready');
} else {
  console.log(`expected /health/ready on ${options.host}:${port} to answer 200, found ${answer}`);
  process.exitCode = 1;
}

function ask(get: typeof getHttps | typeof getHttp): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 'no status');
    });
    request.once('timeout', () => request.destroy(new Error(`no answer in ${timeoutMilliseconds} ms`)));
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
