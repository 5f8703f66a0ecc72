import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import type { Recipe, Variation } from './recipes.js';

const FOLDER = join(import.meta.dirname, '../../examples/recipes');

/** What a page must know to open the folder. */
export interface PageSettings {
  readonly apiUrl: string;
  readonly token: string;
  /** Where the recipe's files lie on the CDN; ends in a slash. */
  readonly files: string;
  readonly ttlSeconds?: number;
}

/** The recipe with one line changed. Throws where that line does not stand in it exactly once. */
function changed(text: string, [from, to]: Variation['change']): string {
  const parts = text.split(from);
  if (parts.length !== 2)
    throw new Error(`expected ${from} once in the recipe, found it ${parts.length - 1} times`);
  return parts.join(to);
}

/** The page's script: opens the folder with the client, then does what the recipe says. */
const scriptOf = (recipe: Recipe): string => `
import { createEdgepassClient } from '@edgepass/client';
import { stopWhenAccessEnds } from '${join(FOLDER, 'when-access-ends.mjs')}';
import * as recipe from '${join(FOLDER, recipe.file)}';

const { apiUrl, token, files, ttlSeconds } = JSON.parse(document.querySelector('#settings').textContent);
const [place, video, message] = ['#place', 'video', '#message'].map((name) => document.querySelector(name));
const url = (name) => files + name;
const state = (globalThis.state = { shown: false, error: null, grants: 0 });
const film = (root = document) => {
  for (const element of root.querySelectorAll('*')) {
    const found = element.localName === 'video' ? element.currentSrc !== '' && element : element.shadowRoot && film(element.shadowRoot);
    if (found) return found;
  }
  return null;
};
${recipe.call.includes('(video,') ? '' : '// Some players load only what is in view, and this one would stand above theirs.\nvideo.remove();'}
globalThis.film = film;
globalThis.place = place;
const underWorker = async () => {
  await navigator.serviceWorker.register('service-worker.js');
  if (navigator.serviceWorker.controller === null)
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
};
const course = createEdgepassClient({ apiUrl, accessToken: () => token }).open('courses/algebra', { ttlSeconds });
course.on('granted', () => state.grants++);
course.on('renewed', () => state.grants++);
stopWhenAccessEnds(course, { pause: () => film()?.pause() }, message);
await course.ready;
try {
  ${recipe.call};
} catch (error) {
  state.error = String(error);
}
`;

const WORKER = `
import { answerFromCache } from '${join(FOLDER, 'service-worker.mjs')}';
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  if (event.request.destination === 'image') answerFromCache(event);
});
`;

const NEXT_IMAGES = {
  deviceSizes: [640, 1080],
  imageSizes: [256],
  qualities: [75],
  path: '/_next/image',
  loader: 'default',
  dangerouslyAllowSVG: false,
  unoptimized: false,
};

/** Bundles as an application would. */
async function bundle(contents: string, recipe: Recipe, variation: Variation | null): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dirname(join(FOLDER, recipe.file)), sourcefile: 'page.mjs' },
    bundle: true,
    write: false,
    outdir: FOLDER,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    logLevel: 'error',
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env': '{}',
      // What `next build` puts there: the defaults of next.config.
      'process.env.__NEXT_IMAGE_OPTS': JSON.stringify(NEXT_IMAGES),
    },
    plugins: [
      {
        name: 'variation',
        setup: (esbuild) => {
          esbuild.onLoad({ filter: /examples\/recipes\/(?:large\/)?[^/]+\.(?:mjs|jsx)$/ }, ({ path }) => {
            if (path !== join(FOLDER, recipe.file)) return null;
            const changes = [recipe.instead, variation?.change].filter((change) => change !== undefined);
            return {
              contents: changes.reduce(changed, readFileSync(path, 'utf8')),
              loader: 'jsx',
              resolveDir: dirname(path),
            };
          });
        },
      },
    ],
  });
  const script = outputFiles.find(({ path }) => path.endsWith('.js'));
  if (script === undefined) throw new Error(`expected a script of ${recipe.file}`);
  return script.text;
}

/** One page that the own host serves below a path of its own. */
export interface ServedPage {
  readonly recipe: Recipe;
  readonly variation: Variation | null;
  readonly settings: PageSettings;
}

/** Answers for the host of the pages: `/NAME/` is a page, `/` all of them together, everything else what they need. */
export function servePages(pages: ReadonlyMap<string, ServedPage>, together: () => string) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const target = new URL(request.url ?? '/', 'https://page').pathname;
    const [, name = '', file = ''] = target.split('/');
    const page = pages.get(name);
    const send = (type: string, body: string | Buffer): void =>
      void response.setHeader('Content-Type', type).setHeader('Cache-Control', 'no-store').end(body);
    if (target === '/') send('text/html; charset=utf-8', `<!doctype html><title>pages</title>${together()}`);
    else if (page === undefined) {
      const served = [...pages.values()].flatMap(({ recipe }) => Object.entries(recipe.served ?? {}));
      const found = served.find(([path]) => path === target)?.[1];
      if (found === undefined) response.writeHead(404).end();
      else send('text/javascript', readFileSync(join(FOLDER, 'node_modules', found)));
    } else if (file === '') send('text/html; charset=utf-8', htmlOf(page.settings));
    else {
      const contents = file === 'service-worker.js' ? WORKER : scriptOf(page.recipe);
      bundle(contents, page.recipe, page.variation).then(
        (script) => send('text/javascript', script),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    }
  };
}

const htmlOf = (settings: PageSettings): string => `<!doctype html>
<meta charset="utf-8">
<title>a page of my own</title>
<link rel="icon" href="data:,">
<style>#place { width: 320px; height: 180px } video { width: 320px; height: 180px }</style>
<script type="application/json" id="settings">${JSON.stringify(settings)}</script>
<div id="place"><video muted playsinline></video></div>
<p id="message" role="status"></p>
<script type="module" src="page.js"></script>
`;

/** The version that was installed for the recipes, or that of the repository where they are not installed. */
export function versionOf(name: string, file: string): string {
  const require = createRequire(join(FOLDER, file));
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string })
        .version;
    } catch {
      // The next folder up.
    }
  }
  throw new Error(`expected ${name} to be installed`);
}
