import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule, METRICS } from './app.module.js';
import type { RemoteKeySet } from './authentication/remote-key-set.js';
import { readOrMakeDemoSecret } from './authentication/demo-secret.js';
import { systemClock, type Clock } from './clock/clock.js';
import { believed, builtAtEpochSeconds, WatchedClock, type TrustedClock } from './clock/trusted-clock.js';
import { CloudFrontService } from './cloudfront/cloudfront.service.js';
import { configureApp } from './configure-app.js';
import { OperatingState } from './health/operating-state.js';
import { RequestsInFlight } from './limits/requests-in-flight.js';
import { Database, openDatabase } from './database/database.js';
import { EntitlementService } from './entitlements/entitlement.service.js';
import { JsonLogger } from './json-logger.service.js';
import { answerParserRefusals } from './parser-refusals.js';
import { guardServer, trackConnections } from './server-limits.js';
import { version } from './package-version.js';
import { observeRequests } from './metrics/observe-requests.js';
import type { Metrics } from './metrics/metrics.js';
import type { Settings } from './settings/settings.js';
import type { SettingsProblem } from './settings/settings-problem.js';
import { SigningKeyReload } from './signing-key-reload.js';
import { problemLogEntry } from './problems/problem-log.js';
import { loadCloudFront, StartProblem } from './load-cloudfront.js';
import { serveOpenApi } from './open-api.js';
import { readTlsFiles } from './tls-files.js';

/** What may be handed in beside the settings. */
export interface StartApiOptions {
  readonly clock?: Clock;
  /** Rights to give at start, for the demo: those that exist already stay as they are. */
  readonly entitlements?: readonly { readonly subject: string; readonly prefix: string }[];
  readonly logger?: JsonLogger;
}

/** A running API. */
export interface RunningApi {
  /** Where it listens: `https://127.0.0.1:3001`. */
  readonly url: string;
  readonly server: Server;
  /** Stops listening, lets requests in flight finish for that long at most, closes the database. */
  close(graceMilliseconds?: number): Promise<void>;
  /**
   * Ends without failing a request: readiness says no at once, requests are served for DRAIN_SECONDS more so
   * that a balancer can turn away, those in flight finish; all of it within 10 s. `reason` goes to the log.
   */
  drain(reason?: string): Promise<void>;
  /** Reads the key file again. Never rejects: a wrong file changes nothing but readiness, and is logged. */
  reloadSigningKey(): Promise<void>;
}

/**
 * How long requests in flight may take once the API is asked to stop: Node's own limits end with the
 * listening, and `docker stop` kills after 10 s.
 */
const GRACE_MILLISECONDS = 7_000;

/** SIGTERM to the end, the closing of the database included. */
const DRAIN_DEADLINE_MILLISECONDS = 9_500;

/** More requests than this without an answer: a grant would wait about a second on two cores. */
const MOST_REQUESTS_IN_FLIGHT = 1_000;

/** Who is named as the giver of the demo rights. */
const DEMO_GIVER = { id: 'edgepass start', groups: [] };

/**
 * Starts the API: opens the database, loads the key, composes the rooms, listens.
 * @throws {StartProblem | DatabaseOpenError} with lines for the operator; a taken port as Node's EADDRINUSE
 */
export async function startApi(settings: Settings, options: StartApiOptions = {}): Promise<RunningApi> {
  const logger = options.logger ?? new JsonLogger(settings.logLevel);
  const app = await createApi(settings, { ...options, logger });
  const scrapes = await listen(app, settings).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const server = app.getHttpServer();
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const url = `${settings.tls ? 'https' : 'http'}://${host}:${port}`;
  logger.log({ msg: 'listening', url });
  const dropConnections = trackConnections(server);
  const state = app.get(OperatingState, { strict: false });
  const close = async (graceMilliseconds = GRACE_MILLISECONDS): Promise<void> => {
    const timer = setTimeout(dropConnections, graceMilliseconds);
    await app.close();
    clearTimeout(timer);
    scrapes?.close();
    scrapes?.closeAllConnections();
  };
  const drain = async (reason = 'asked_to_stop'): Promise<void> => {
    const windowMilliseconds = settings.drainSeconds * 1000;
    state.startDraining();
    app.get(RequestsInFlight, { strict: false }).closeConnections();
    logger.log({ msg: 'draining', reason });
    if (windowMilliseconds > 0) await wait(windowMilliseconds);
    const left = DRAIN_DEADLINE_MILLISECONDS - windowMilliseconds;
    await beforeDeadline(close(Math.min(GRACE_MILLISECONDS, left)), left);
  };
  const cloudFront = app.get(CloudFrontService, { strict: false });
  const reload = new SigningKeyReload({ settings, cloudFront, state, logger });
  return { url, server, close, drain, reloadSigningKey: () => reload.reload() };
}

/** A database that does not answer any more is not waited for; nothing of ours is in it by then. */
async function beforeDeadline(closing: Promise<void>, milliseconds: number): Promise<void> {
  const over = new AbortController();
  const deadline = wait(milliseconds, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    await Promise.race([closing, deadline]);
  } finally {
    over.abort();
  }
}

/** Gives the server of the metrics, if there is one. @throws {StartProblem} when its port cannot be used */
async function listen(app: NestExpressApplication, settings: Settings): Promise<Server | null> {
  const { metricsPort, listen: to } = settings;
  const metrics = app.get<Metrics | null>(METRICS, { strict: false });
  let scrapes: Server | null = null;
  if (metrics !== null && metricsPort !== null) {
    const { listenForScrapes } = await import('./metrics/metrics-server.js');
    scrapes = await listenForScrapes(metrics, to.host, metricsPort).catch((error: NodeJS.ErrnoException) => {
      throw new StartProblem([metricsPortProblem(to.host, metricsPort, error.code)]);
    });
  }
  try {
    await app.listen(to.port, to.host);
    return scrapes;
  } catch (error) {
    scrapes?.close();
    throw error;
  }
}

function metricsPortProblem(host: string, port: number, code = 'unknown reason'): SettingsProblem {
  return {
    setting: 'METRICS_PORT',
    expected: `a port that is free on ${host}`,
    found: `${port}: ${code}`,
    todo: 'stop what listens there, or choose another port',
  };
}

/** The API ready to listen; every e2e test starts from here. */
export async function createApi(
  settings: Settings,
  options: StartApiOptions & { readonly logger: JsonLogger },
): Promise<NestExpressApplication> {
  const clock = options.clock ?? systemClock;
  const cloudFront = loadCloudFront(settings, clock, (warning) => options.logger.warn(warning));
  const tls = settings.tls === null ? null : readTlsFiles(settings.tls);
  if (tls !== null && 'problems' in tls) throw new StartProblem(tls.problems);

  const database = await openDatabase(settings.database, (error) =>
    options.logger.warn({ msg: 'a database connection was lost', reason: error.message }),
  );
  try {
    const isDemo = settings.authentication.mode === 'demo';
    const demo = isDemo ? { demoSecret: await readOrMakeDemoSecret(settings.dataDir) } : {};
    const state = new OperatingState();
    const inFlight = new RequestsInFlight(MOST_REQUESTS_IN_FLIGHT);
    let keySet: RemoteKeySet | null = null;
    const metrics = await countIfAsked(settings, {
      cloudFront,
      state,
      inFlight,
      keySet: () => keySet,
      logger: options.logger,
    });
    const onKeySet = (made: RemoteKeySet): void => void (keySet = made);
    const trustedClock = options.clock === undefined ? watched(clock, options.logger) : believed(clock);
    const parts = {
      settings,
      clock,
      trustedClock,
      database,
      cloudFront,
      state,
      inFlight,
      metrics,
      onKeySet,
      ...demo,
    };
    const app = await NestFactory.create<NestExpressApplication>(AppModule.of(parts), {
      logger: options.logger,
      bodyParser: false,
      abortOnError: false,
      forceCloseConnections: false,
      ...(tls === null ? {} : { httpsOptions: { ...tls } }),
    });
    if (metrics !== null) app.use(observeRequests(metrics));
    app.use(inFlight.track);
    configureApp(app, settings, inFlight);
    guardServer(app.getHttpServer());
    answerParserRefusals(app.getHttpServer(), settings.appOrigins, (problem, requestId) => {
      metrics?.refused(problem);
      options.logger.log(problemLogEntry(problem, requestId));
    });
    if (settings.apiDocs) serveOpenApi(app, settings);
    await app.init();
    await giveRights(app, options.entitlements ?? []);
    options.logger.log(signingLine(cloudFront));
    return app;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** For whoever is on call: why nobody is granted anything, and since when it is over. */
function watched(clock: Clock, logger: JsonLogger): TrustedClock {
  return new WatchedClock(clock, {
    monotonicSeconds: () => performance.now() / 1000,
    builtAtEpochSeconds: builtAtEpochSeconds(),
    onChange: (fault) => {
      if (fault === null) logger.log({ msg: 'the clock can be trusted' });
      else logger.error({ msg: 'the clock cannot be trusted; nothing is granted', reason: fault });
    },
  });
}

/** The counters, where METRICS_PORT asks for them: their package is loaded for nobody else. */
async function countIfAsked(
  settings: Settings,
  parts: {
    readonly cloudFront: CloudFrontService;
    readonly state: OperatingState;
    readonly inFlight: RequestsInFlight;
    readonly keySet: () => RemoteKeySet | null;
    readonly logger: JsonLogger;
  },
): Promise<Metrics | null> {
  if (settings.metricsPort === null) return null;
  const { Metrics } = await import('./metrics/metrics.js');
  const { cloudFront, state, inFlight, keySet, logger } = parts;
  const { hashAlgorithm } = cloudFront.describe();
  return new Metrics({
    build: { version: version(), database: settings.database.kind, hash_algorithm: hashAlgorithm },
    signingKey: () => {
      const { keyPairId, keyType } = cloudFront.describe();
      return { keyPairId, type: keyType };
    },
    signaturesWaiting: () => cloudFront.signaturesWaiting,
    requestsInFlight: () => inFlight.count,
    isDraining: () => state.isDraining,
    degradations: () => state.degradations,
    logLinesLost: () => logger.linesLost,
    jwks: () => keySet()?.state ?? null,
  });
}

/** For whoever is on call: which key CloudFront must hold under which id, and what browsers are told. */
function signingLine(cloudFront: CloudFrontService): object {
  const { publicKeyPem: _, ...description } = cloudFront.describe();
  return { msg: 'signing for CloudFront', ...description };
}

async function giveRights(
  app: NestExpressApplication,
  rights: readonly { readonly subject: string; readonly prefix: string }[],
): Promise<void> {
  if (rights.length === 0) return;
  const database = app.get(Database, { strict: false });
  if (!database.readiness.isReady) throw database.notReady;
  const entitlements = app.get(EntitlementService, { strict: false });
  for (const right of rights) {
    await entitlements.put({ ...right, startsAtEpochSeconds: null, endsAtEpochSeconds: null }, DEMO_GIVER);
  }
}
