import { systemClock } from './clock.js';
import { prepareDataFolder } from './data-folder.js';
import { edgeSwitch } from './edge-switch.js';
import { devProxy } from './dev-proxy.js';
import { assertPortsAreFree, refuseSharedPorts, type NamedPort, type WantedPort } from './free-ports.js';
import type { LocalSettings } from './local-settings.js';
import { demoPage } from './page-server.js';
import { findLocalParts, portOf, withPort, type LocalPart, type LocalParts } from './parts.js';
import { prepareData, type PreparedData } from './prepare-data.js';
import { LocalProblem } from './problem.js';
import { startApi, startEdge, type ApiInput } from './processes.js';
import { serve, type LocalAddress, type Site } from './server.js';
import { noteOfPort, placeParts, type PlacedParts, type ServersBehindEdge } from './servers-behind-edge.js';
import { takeStartLock } from './start-lock.js';
import { shownAuthority } from './trust-steps.js';

export interface StackInput {
  readonly settings: LocalSettings;
  /** The user's own dev servers, which stand in for the demo page and for the API. */
  readonly app: URL | null;
  readonly api: URL | null;
  /** Whether to say only what to open. */
  readonly isBrief: boolean;
  /** Whether this runs in a container, whose ports are published on the machine of the person at the terminal. */
  readonly isContainer: boolean;
  /** The file of the `edgepass` command, which starts API and edge. */
  readonly command: string;
  /** What the API reads its settings from, and what the terminal has shown of them. */
  readonly apiInput: Omit<ApiInput, 'isContainer' | 'isPlainHttp'>;
}

export interface RunningStack {
  /** What runs here; the page is `null` where neither the demo nor `--app` serves one. */
  readonly parts: LocalParts;
  /** A page that lives here by its address and that nothing serves. */
  readonly idlePage: LocalPart | null;
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
 * @throws LocalProblem; everything is then stopped again
 */
export async function startLocalStack(input: StackInput): Promise<RunningStack> {
  const { settings } = input;
  const found = await findLocalParts(settings);
  const servesPage = input.app !== null || (settings.isDemo && input.api === null);
  const parts = await placeParts({ ...found, page: servesPage ? found.page : null }, settings);
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
    await assertPortsAreFree(settings.host, ports);
    const data = await prepareData(
      settings,
      parts,
      dataDir,
      parts.api !== null && input.api === null,
      systemClock,
    );
    const { died, controlUrl } = await startAll(input, parts, data, undo);
    const ofPort = input.api === null ? noteOfPort(parts, settings) : null;
    const notes = [...found.warnings, ...(ofPort === null ? [] : [ofPort]), ...data.notes];
    const idlePage = servesPage ? null : found.page;
    return { parts, idlePage, data, dataDir, notes, controlUrl, failed: died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the parts side by side, and notes how to stop those that have started. */
async function startAll(
  input: StackInput,
  parts: PlacedParts,
  data: PreparedData,
  undo: (() => void | Promise<void>)[],
): Promise<{ readonly died: Promise<string>; readonly controlUrl: string | null }> {
  const { page, api, edge } = parts;
  const starting: Promise<StartedPart>[] = [];
  const startingEdge = edge === null ? null : startEdgePart(input, parts, edge, data);
  if (startingEdge !== null) starting.push(startingEdge);
  if (page !== null) {
    // The page asks for it when a person presses a button, so it need not wait for the edge.
    const controlUrl = startingEdge?.then((started) => started.controlUrl ?? null).catch(() => null) ?? null;
    starting.push(startPage(input, page, data, parts.behindEdge, controlUrl));
  }
  if (api !== null) starting.push(startApiPart(input, api, data, parts.behindEdge));
  // All of them are awaited even if one fails: the others may be up already and must be stopped.
  const outcomes = await Promise.allSettled(starting);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  undo.push(async () => void (await Promise.all(started.map((part) => part.stop()))));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return {
    died: Promise.race(started.flatMap(({ died }) => died ?? [])),
    controlUrl: started.find(({ controlUrl }) => controlUrl !== undefined)?.controlUrl ?? null,
  };
}

interface StartedPart {
  stop(): Promise<void>;
  readonly died?: Promise<string>;
  readonly controlUrl?: string | null;
}

async function startEdgePart(
  input: StackInput,
  parts: PlacedParts,
  edge: LocalPart,
  data: PreparedData,
): Promise<StartedPart> {
  // The edge's own choice beside port 3002, unless one of our parts is to listen there; else a free one.
  const isUsual = edge.port === 3002 && wantedPorts(input, parts).every(({ port }) => port !== 3003);
  const started = await startEdge(input.command, {
    folder: data.distribution?.folder ?? '',
    host: input.settings.host,
    port: edge.port,
    isHttps: edge.isHttps,
    controlPort: isUsual ? null : 0,
    controlHost: input.isContainer ? input.settings.host : null,
  });
  if (!input.isContainer || started.controlUrl === null) return started;
  // The address of the container is none outside of it, where the port is published.
  return { ...started, controlUrl: `http://127.0.0.1:${new URL(started.controlUrl).port}` };
}

function startPage(
  input: StackInput,
  page: LocalPart,
  data: PreparedData,
  { page: behind }: ServersBehindEdge,
  controlUrl: Promise<string | null> | null,
): Promise<StartedPart> {
  const { settings, app } = input;
  const { distribution } = data;
  const address = behind === null ? addressOf(settings, page, data) : { ...behind, tls: null };
  if (app !== null) return serve(proxyTo(app, '--app', page, settings), address);
  const site = demoPage({
    apiUrl: `${settings.publicUrl.origin}${settings.publicUrl.basePath}`,
    cdnUrl: settings.cloudFrontUrl,
    publicOrigin: page.origin,
    authorityFile: data.authorityFile === null ? null : shownAuthority(data.authorityFile, input.isContainer),
    // Of one host the settings of CORS are no matter.
    edgeSwitch:
      distribution === null || controlUrl === null || behind !== null
        ? null
        : edgeSwitch(distribution.write, controlUrl),
  });
  return serve(site, address);
}

function startApiPart(
  input: StackInput,
  part: LocalPart,
  data: PreparedData,
  { api: behind }: ServersBehindEdge,
): Promise<StartedPart> {
  const { settings, api, command, apiInput, isContainer } = input;
  const address = behind === null ? addressOf(settings, part, data) : { ...behind, tls: null };
  if (api !== null) return serve(proxyTo(api, '--api', part, settings), address);
  const key = data.signingKey;
  const environment = {
    ...apiInput.environment,
    // Both loopback addresses: some systems resolve `*.localhost` to IPv6 first (B48).
    HOST: address.host === '127.0.0.1' ? 'localhost' : address.host,
    PORT: String(settings.apiPort ?? address.port),
    DATA_DIR: settings.dataDir,
    ...(part.isHttps && address.tls !== null
      ? { TLS_CERT_FILE: address.tls.certFile, TLS_KEY_FILE: address.tls.keyFile }
      : {}),
    // The `X-Forwarded-For` of the edge names the viewer (R121).
    ...(behind === null
      ? {}
      : { TRUSTED_PROXIES: [...settings.trustedProxies, '127.0.0.1', '::1'].join(',') }),
    ...(key?.isMade === true && key.file !== null ? { CLOUDFRONT_PRIVATE_KEY_FILE: key.file } : {}),
  };
  return startApi(command, { ...apiInput, environment, isContainer, isPlainHttp: behind !== null });
}

function proxyTo(target: URL, flag: '--app' | '--api', part: LocalPart, settings: LocalSettings): Site {
  return devProxy({ publicOrigin: part.origin, target, flag, pageOrigins: settings.appOrigins });
}

function addressOf({ host }: LocalSettings, part: LocalPart, data: PreparedData): LocalAddress {
  return { host, port: part.port, tls: part.isHttps ? data.tls : null };
}

/** Every port that is listened on, with the setting that names it. */
function wantedPorts({ api: backend, settings }: StackInput, parts: PlacedParts): readonly WantedPort[] {
  const { page, api, edge, behindEdge } = parts;
  const { apiPort, appOrigins, publicUrl, cloudFrontUrl } = settings;
  const wanted: WantedPort[] = [];
  if (page !== null && behindEdge.page === null) {
    const valueWith = (port: number): string =>
      appOrigins.map((origin) => (origin === page.origin ? withPort(origin, port) : origin)).join(',');
    wanted.push({ ...page, valueWith });
  }
  if (api !== null && backend === null && apiPort !== null) {
    wanted.push({ setting: 'PORT', port: apiPort, valueWith: String });
  } else if (api !== null && behindEdge.api === null) {
    wanted.push({ ...api, valueWith: (port) => `${withPort(publicUrl.origin, port)}${publicUrl.basePath}` });
  }
  if (edge !== null) wanted.push({ ...edge, valueWith: (port) => withPort(cloudFrontUrl, port) });
  return wanted;
}

/** A dev server on one of our own ports would be ourselves: every request would go round for ever. */
function devServerPorts({ app, api }: StackInput): readonly NamedPort[] {
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
