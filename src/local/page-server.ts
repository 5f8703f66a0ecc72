import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentSecurityPolicy } from './content-security-policy.js';
import { DEMO_SAMPLES } from './demo-media.js';
import type { Site } from './local-server.js';
import { findStaticFile, type Mount } from './static-files.js';

export interface PageInput {
  /** The API as the page calls it, base path included. */
  readonly apiUrl: string;
  readonly cdnUrl: string;
  /** Named on the page where a browser does not trust it yet; `null` when the user brought the certificate. */
  readonly authorityFile: string | null;
}

/** The demo page, the browser helper under `/client/`, the player, and `/config.json` that tells it where it is. */
export function demoPage(input: PageInput, mounts: readonly Mount[] = builtMounts()): Site {
  const config = JSON.stringify({
    apiUrl: input.apiUrl,
    cdnUrl: input.cdnUrl,
    ...(input.authorityFile === null ? {} : { caFile: input.authorityFile }),
    samples: DEMO_SAMPLES,
  });
  const headers = {
    'Content-Security-Policy': contentSecurityPolicy({
      apiOrigin: new URL(input.apiUrl).origin,
      cdnOrigin: new URL(input.cdnUrl).origin,
    }),
    // A page of development: what was rebuilt must show at the next reload.
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
  };
  return {
    request: (request, response) => {
      const path = pathOf(request.url ?? '/');
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { ...headers, Allow: 'GET, HEAD' }).end();
        return;
      }
      const file =
        path === '/config.json'
          ? { type: 'application/json; charset=utf-8', body: Buffer.from(config) }
          : findStaticFile(mounts, path);
      if (file === null) {
        response.writeHead(404, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' });
        response.end(request.method === 'HEAD' ? undefined : 'There is nothing here.\n');
        return;
      }
      response.writeHead(200, { ...headers, 'Content-Type': file.type, 'Content-Length': file.body.length });
      response.end(request.method === 'HEAD' ? undefined : file.body);
    },
  };
}

/** Where `npm run build` puts the page and the helper, and where npm puts the player. */
function builtMounts(): readonly Mount[] {
  const dist = join(import.meta.dirname, '..');
  const client = fileURLToPath(import.meta.resolve('@edgepass/client'));
  const player = createRequire(import.meta.url).resolve('hls.js');
  return [
    { at: '/client/', path: dirname(client) },
    { at: '/vendor/hls.mjs', path: join(dirname(player), 'hls.mjs') },
    { at: '/', path: join(dist, 'demo') },
  ];
}

/** Nothing of ours has a name that needs escaping, so an escaped path is no path of ours. */
function pathOf(requestTarget: string): string {
  return requestTarget.split('?', 1)[0] ?? '/';
}
