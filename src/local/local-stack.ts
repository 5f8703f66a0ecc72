import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { startOwnApi } from './api-part.js';
import { prepareDataFolder } from './data-folder.js';
import { devProxy } from './dev-proxy.js';
import { startEdge } from './edge-process.js';
import { assertPortsAreFree, refuseSharedPorts, type WantedPort } from './free-ports.js';
import { findLocalParts, portOf, type LocalPart, type LocalParts } from './local-parts.js';
import { LocalProblem } from './local-problem.js';
import { serve, type LocalAddress, type RunningServer } from './local-server.js';
import { demoPage } from './page-server.js';
import { prepareData, type PreparedData } from './prepare-data.js';
import { takeStartLock } from './start-lock.js';

export interface StackInput {
  readonly settings: Settings;
  /** Where the API listens if not on the port of PUBLIC_URL: PORT, when the user set it. */
  readonly apiPort: number | null;
  /** The user's own dev servers, which stand in for the demo page and for the API. */
  readonly app: URL | null;
  readonly api: URL | null;
  readonly clock: Clock;
}

export interface RunningStack {
  /** What runs here; the page is `null` where neither the demo nor `--app` serves one. */
  readonly parts: LocalParts;
  readonly data: PreparedData;
  readonly dataDir: string;
  /** One line each: certificates renewed, names that do not resolve. */
  readonly notes: readonly string[];
  /** Where the edge takes invalidations; null without an edge, or where the port was taken. */
  readonly controlUrl: string | null;
  /** Resolves with one line if a part ends by itself; the caller then stops the rest. */
  readonly failed: Promise<string>;
  /** Stops every part and gives the data folder back. */
  stop(): Promise<void>;
}

/**
 * Prepares DATA_DIR and starts what lives on this machine: page, API and edge.
 * @throws LocalProblem, and what `startApi` throws; everything is then stopped again
 */
export async function startLocalStack(input: StackInput): Promise<RunningStack> {
  const { settings, clock } = input;
  const found = await findLocalParts(settings);
  const servesPage = input.app !== null || (settings.authentication.mode === 'demo' && input.api === null);
  const parts: LocalParts = { ...found, page: servesPage ? found.page : null };
  const ports = wantedPorts(input, parts);
  refuseStrayFlags(input, found);
  refuseSharedPorts([...ports, ...devServerPorts(input)]);
  const dataDir = prepareDataFolder(settings.dataDir);

  const undo: (() => void | Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    // The lock goes last: until then the folder is in use.
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    undo.push(takeStartLock(dataDir, openOf(parts)));
    await assertPortsAreFree(settings.listen.host, ports);
    const data = await prepareData(settings, parts, dataDir, parts.api !== null && input.api === null, clock);
    const { died, controlUrl } = await startAll(input, parts, data, undo);
    const notes = [...found.warnings, ...data.notes];
    return { parts, data, dataDir, notes, controlUrl, failed: died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the parts side by side, and notes for each one that has started how to stop it. */
async function startAll(
  input: StackInput,
  parts: LocalParts,
  data: PreparedData,
  undo: (() => void | Promise<void>)[],
): Promise<{ readonly died: Promise<string>; readonly controlUrl: string | null }> {
  const starting = [
    ...(parts.edge === null
      ? []
      : [startEdgePart(input.settings, parts.edge, data, controlPortOf(input, parts))]),
    ...(parts.page === null ? [] : [startPage(input, parts.page, data)]),
    ...(parts.api === null ? [] : [startApiPart(input, parts.api, data)]),
  ];
  // All of them are awaited even if one fails: the others may be up already and must be stopped.
  const outcomes = await Promise.allSettled(starting);
  const deaths: Promise<string>[] = [];
  let controlUrl: string | null = null;
  for (const outcome of outcomes) {
    if (outcome.status !== 'fulfilled') continue;
    const part = outcome.value;
    undo.push(() => part.close());
    if (part.died !== undefined) deaths.push(part.died);
    controlUrl ??= part.controlUrl ?? null;
  }
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return { died: deaths.length === 0 ? new Promise(() => {}) : Promise.race(deaths), controlUrl };
}

interface StartedPart extends RunningServer {
  readonly died?: Promise<string>;
  readonly controlUrl?: string | null;
}

/** The edge's own choice beside port 3002, unless one of our parts is to listen there; else a free one. */
function controlPortOf(input: StackInput, parts: LocalParts): number | null {
  const isUsual = parts.edge?.port === 3002 && wantedPorts(input, parts).every(({ port }) => port !== 3003);
  return isUsual ? null : 0;
}

async function startEdgePart(
  settings: Settings,
  part: LocalPart,
  data: PreparedData,
  controlPort: number | null,
): Promise<StartedPart> {
  const edge = await startEdge({
    folder: data.distributionFolder ?? '',
    host: settings.listen.host,
    port: part.port,
    isHttps: part.isHttps,
    controlPort,
  });
  return { died: edge.died, controlUrl: edge.controlUrl, close: () => edge.stop() };
}

function startPage(input: StackInput, part: LocalPart, data: PreparedData): Promise<StartedPart> {
  const { settings, app } = input;
  const site =
    app === null
      ? demoPage({
          apiUrl: `${settings.publicUrl.origin}${settings.publicUrl.basePath}`,
          cdnUrl: settings.cloudFront.url,
          authorityFile: data.authorityFile,
        })
      : devProxy({ publicOrigin: part.origin, target: app, flag: '--app', pageOrigins: settings.appOrigins });
  return serve(site, addressOf(settings, part, data));
}

function startApiPart(input: StackInput, part: LocalPart, data: PreparedData): Promise<StartedPart> {
  const { settings, api } = input;
  if (api === null) {
    const listen = { host: settings.listen.host, port: input.apiPort ?? part.port };
    return startOwnApi({ ...data.settings, listen }, part.setting);
  }
  const site = devProxy({
    publicOrigin: part.origin,
    target: api,
    flag: '--api',
    pageOrigins: settings.appOrigins,
  });
  return serve(site, addressOf(settings, part, data));
}

function addressOf(settings: Settings, part: LocalPart, data: PreparedData): LocalAddress {
  return { host: settings.listen.host, port: part.port, tls: part.isHttps ? data.tls : null };
}

/** Every port that is listened on, with the setting that names it. */
function wantedPorts(input: StackInput, { page, api, edge }: LocalParts): readonly WantedPort[] {
  return [
    page,
    api === null
      ? null
      : input.api === null && input.apiPort !== null
        ? { setting: 'PORT', port: input.apiPort }
        : api,
    edge,
  ].filter((port) => port !== null);
}

/** A dev server on one of our own ports would be ourselves: every request would go round for ever. */
function devServerPorts({ app, api }: StackInput): readonly WantedPort[] {
  return [
    { setting: '--app', url: app },
    { setting: '--api', url: api },
  ].flatMap(({ setting, url }) => (url === null ? [] : [{ setting, port: portOf(url) }]));
}

function refuseStrayFlags({ app, api }: StackInput, found: LocalParts): void {
  const stray = [
    app !== null && found.page === null ? '--app: expected APP_ORIGINS to name this machine' : null,
    api !== null && found.api === null ? '--api: expected PUBLIC_URL to name this machine' : null,
  ].filter((line) => line !== null);
  if (stray.length === 0) return;
  const todo =
    '; found another host, so there is no HTTPS name to put your server behind; set it to a *.localhost address';
  throw new LocalProblem([...found.warnings, ...stray.map((line) => `${line}${todo}`)].join('\n'));
}

/** What a person opens to see that the stack runs. */
function openOf({ page, api, edge }: LocalParts): string {
  return (page ?? api ?? edge)?.origin ?? '';
}
