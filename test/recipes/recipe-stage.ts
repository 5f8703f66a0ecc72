import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { accessToken } from '../browser/access-token.js';
import { startDeployment, type Deployment } from '../browser/deployment.js';
import { passOn, serveHttps } from '../browser/own-server.js';
import { startRecordingHost, type RecordingHost } from '../browser/recorded-targets.js';
import { makeTestCertificates, type TestCertificates } from '../support/test-certificates.js';
import { filmFiles, HERE, lessonFiles } from './film.js';
import { libraryFiles } from './library-files.js';
import { servePages, type ServedPage } from './recipe-page.js';
import { PLAYERS, type Recipe, type Variation } from './recipes.js';

/** The granted folder, of which u1 has the entitlement. */
export const PREFIX = 'courses/algebra';
/** True in a page whose film has played for a second. */
const PLAYS =
  'film() !== null && film().currentTime > 1 && film().getVideoPlaybackQuality().totalVideoFrames > 0';

export interface RecipeStage {
  readonly certificates: TestCertificates;
  readonly apiUrl: string;
  readonly cdn: RecordingHost;
  /** Puts a film of that length, or what the library loads, into a new folder; gives the page of the recipe, and what it asks for. */
  prepare(
    recipe: Recipe,
    variation: Variation | null,
    seconds: number,
    ttlSeconds?: number,
  ): { readonly address: string; readonly seen: Seen };
  /** A page that holds these pages side by side, all in view; gives its address. */
  together(frames: readonly { readonly title: string; readonly address: string }[]): string;
}

/** Page, API and CDN on three hosts under `.media.localhost`; what the CDN is asked for is recorded. */
export async function startRecipeStage(): Promise<RecipeStage> {
  const names = ['app', 'api', 'cdn'].map((label) => `${label}.media.localhost`);
  const [app = '', api = '', host = ''] = names;
  const pages = new Map<string, ServedPage>();
  let together: readonly string[] = [];
  const certificates = await makeTestCertificates(names);
  const appUrl = `https://${app}:${await serveHttps(
    certificates,
    servePages(pages, () => together.join('')),
  )}`;
  const cdn = await startRecordingHost(certificates);
  const cdnUrl = `https://${host}:${cdn.port}`;
  let deployment: Deployment | null = null;
  const apiPort = await serveHttps(certificates, (request, response) =>
    passOn({ scheme: 'http', port: deployment?.ports.api ?? 0 }, request, response),
  );
  const apiUrl = `https://${api}:${apiPort}`;
  deployment = await startDeployment({
    appOrigin: appUrl,
    publicUrl: apiUrl,
    cloudFrontUrl: cdnUrl,
    certificates,
    apiSpeaksTls: false,
    environment: { NODE_ENV: 'development' },
  });
  cdn.leadTo({ scheme: 'https', port: deployment.ports.edge });
  const { mediaFolder } = deployment;
  return {
    certificates,
    apiUrl,
    cdn,
    prepare: (recipe, variation, seconds, ttlSeconds) => {
      const name = `recipe-${pages.size + 1}`;
      const folder = `${PREFIX}/${name}`;
      for (const [path, content] of filesOf(recipe, seconds)) {
        const file = join(mediaFolder, folder, path);
        mkdirSync(dirname(file), { recursive: true });
        const text = typeof content === 'string' ? content.replaceAll(HERE, `${cdnUrl}/${folder}/`) : content;
        writeFileSync(file, text);
      }
      const token = accessToken('u1', { lifeSeconds: 3_600 });
      const settings = {
        apiUrl,
        token,
        files: `${cdnUrl}/${folder}/`,
        ...(ttlSeconds ? { ttlSeconds } : {}),
      };
      pages.set(name, { recipe, variation, settings });
      return { address: `${appUrl}/${name}/`, seen: seenBelow(cdn, `/${folder}/`) };
    },
    together: (frames) => {
      together = frames.map(
        ({ title, address }) =>
          `<iframe title="${title.replaceAll('<', '&lt;')}" src="${address}" width="340" height="200"></iframe>`,
      );
      return `${appUrl}/`;
    },
  };
}

function filesOf(recipe: Recipe, seconds: number): ReadonlyMap<string, Buffer | string> {
  if (!PLAYERS.includes(recipe)) return libraryFiles();
  return recipe.file === 'native.mjs' ? lessonFiles(seconds) : filmFiles(seconds);
}

/** What was asked for below a folder, by name of file, with `*` for numbers. */
export interface Found {
  /** With cookies, and opened. */
  readonly loaded: ReadonlySet<string>;
  /** Of those, what was asked for in parts. */
  readonly inRanges: ReadonlySet<string>;
  /** Without cookies, and refused; anything else that was not opened says so behind its name. */
  readonly refused: ReadonlySet<string>;
}

export interface Seen {
  now(): Found;
  /** Rejects after 60 s. */
  until(condition: (found: Found) => boolean): Promise<void>;
}

function seenBelow(cdn: RecordingHost, folder: string): Seen {
  const now = (): Found => {
    const [loaded, inRanges, refused] = [new Set<string>(), new Set<string>(), new Set<string>()];
    for (const { target, hasCookies, status } of cdn.recorded) {
      if (!target.startsWith(folder)) continue;
      const name = target.slice(folder.length).replaceAll(/\d+(?=[./_])/g, '*');
      if (hasCookies && status === 206) inRanges.add(name);
      if (hasCookies && status < 400) loaded.add(name);
      else if (!hasCookies && status === 403) refused.add(name);
      else refused.add(`${name} ${hasCookies ? 'with' : 'without'} cookies: ${status}`);
    }
    return { loaded, inRanges, refused };
  };
  return { now, until: (condition) => cdn.until(() => condition(now())) };
}

/** A script that says in the page whether the file is shown, and lets its film play where it does not. */
export const isShownScript = ({ shown = 'PLAYS' }: Recipe): string => `(() => {
  const video = globalThis.film?.();
  if (video?.paused) video.play().catch(() => {});
  return Boolean(globalThis.state && (${shown.replace('PLAYS', PLAYS)}));
})()`;
