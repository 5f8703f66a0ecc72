import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentType } from 'mime-types';
import { DEMO_SAMPLES } from './demo-media.js';
import { answerEdgeCall } from './edge-calls.js';
import type { EdgeSwitch } from './edge-switch.js';
import { refusesHost, type Site } from './server.js';

export interface PageInput {
  /** The page as browsers see it: requests for another host are refused, against DNS rebinding. */
  readonly publicOrigin: string;
  /** The API as the page calls it, base path included. */
  readonly apiUrl: string;
  readonly cdnUrl: string;
  /** Named on the page where a browser does not trust it yet; `null` when the user brought the certificate. */
  readonly authorityFile: string | null;
  /** Changes the distribution of the edge; `null` where the page is not to offer it. */
  readonly edgeSwitch: EdgeSwitch | null;
}

/** One mounted folder or file: its path on the page, and where it lies. */
export interface Mount {
  /** Ends in `/` for a folder. */
  readonly at: string;
  readonly path: string;
}

/** A segment that can neither climb (`..`) nor hide (`.env`). */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

/** The demo page, the browser helper under `/client/`, the player, the map, and `/config.json` that tells it where it is. */
export function demoPage(input: PageInput, mounts: readonly Mount[] = builtMounts()): Site {
  const config = JSON.stringify({
    apiUrl: input.apiUrl,
    cdnUrl: input.cdnUrl,
    ...(input.authorityFile === null ? {} : { caFile: input.authorityFile }),
    samples: DEMO_SAMPLES,
    hasEdgeSwitch: input.edgeSwitch !== null,
  });
  const own = new URL(input.publicOrigin).host;
  const headers = {
    'Content-Security-Policy': contentSecurityPolicy(
      new URL(input.apiUrl).origin,
      new URL(input.cdnUrl).origin,
    ),
    // A page of development: what was rebuilt must show at the next reload.
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
  };
  return {
    request: (request, response) => {
      if (refusesHost(request, response, own)) return;
      const path = pathOf(request.url ?? '/');
      if (path === '/edge' && input.edgeSwitch !== null) {
        void answerEdgeCall(request, response, input.publicOrigin, input.edgeSwitch);
        return;
      }
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

/** Where the build puts the scripts of the page and the helper, and where npm puts the player and the map. */
function builtMounts(): readonly Mount[] {
  const client = fileURLToPath(import.meta.resolve('@edgepass/client'));
  const scriptsOf = (name: string): string => dirname(createRequire(import.meta.url).resolve(name));
  return [
    { at: '/client/', path: dirname(client) },
    { at: '/vendor/hls.mjs', path: join(scriptsOf('hls.js'), 'hls.mjs') },
    { at: '/vendor/leaflet.js', path: join(scriptsOf('leaflet'), 'leaflet-src.esm.js') },
    { at: '/vendor/leaflet.css', path: join(scriptsOf('leaflet'), 'leaflet.css') },
    { at: '/', path: join(import.meta.dirname, 'demo') },
    { at: '/', path: join(import.meta.dirname, '../demo/public') },
  ];
}

/** Nothing of ours has a name that needs escaping, so an escaped path is no path of ours. */
function pathOf(requestTarget: string): string {
  return requestTarget.split('?', 1)[0] ?? '/';
}

/**
 * The file behind a URL path, read anew each time so that a rebuilt page shows at the next reload.
 * @param mounts the most specific first
 * @returns `null` when there is none
 */
function findStaticFile(mounts: readonly Mount[], urlPath: string): StaticFile | null {
  const path = urlPath.endsWith('/') ? `${urlPath}index.html` : urlPath;
  for (const { at, path: mounted } of mounts) {
    const isFolder = at.endsWith('/');
    if (isFolder ? !path.startsWith(at) : path !== at) continue;
    const segments = isFolder ? path.slice(at.length).split('/') : [];
    const file = segments.every((segment) => SEGMENT.test(segment))
      ? readStaticFile(join(mounted, ...segments))
      : null;
    if (file !== null) return file;
  }
  return null;
}

interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
}

function readStaticFile(file: string): StaticFile | null {
  try {
    return {
      type: contentType(file.slice(file.lastIndexOf('.'))) || 'application/octet-stream',
      body: readFileSync(file),
    };
  } catch {
    return null;
  }
}

/**
 * The demo page's Content-Security-Policy: nothing but its own scripts and styles, the API, and the
 * distribution. `blob:` is what hls.js plays from (media) and runs its demuxer in (worker).
 */
function contentSecurityPolicy(apiOrigin: string, cdnOrigin: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    `img-src 'self' data: ${cdnOrigin}`,
    `media-src blob: ${cdnOrigin}`,
    `connect-src 'self' ${apiOrigin} ${cdnOrigin}`,
    'worker-src blob:',
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
