import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { readOrMakeDemoSecret } from './authentication/demo-secret.js';
import { systemClock, type Clock } from './clock/clock.js';
import type { CloudFrontService } from './cloudfront/cloudfront.service.js';
import { configureApp } from './configure-app.js';
import { openDatabase } from './database/database.js';
import { EntitlementService } from './entitlements/entitlement.service.js';
import { JsonLogger } from './json-logger.service.js';
import { guardServer, trackConnections } from './server-limits.js';
import type { Settings } from './settings/settings.js';
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
}

/**
 * How long requests in flight may take once the API is asked to stop: Node's own limits end with the
 * listening, and `docker stop` kills after 10 s.
 */
const GRACE_MILLISECONDS = 7_000;

/** Who is named as the giver of the demo rights. */
const DEMO_GIVER = { id: 'edgepass start', groups: [] };

/**
 * Starts the API: opens the database, loads the key, composes the rooms, listens.
 * @throws {StartProblem | DatabaseOpenError} with lines for the operator; a taken port as Node's EADDRINUSE
 */
export async function startApi(settings: Settings, options: StartApiOptions = {}): Promise<RunningApi> {
  const logger = options.logger ?? new JsonLogger(settings.logLevel);
  const app = await createApi(settings, { ...options, logger });
  try {
    await app.listen(settings.listen.port, settings.listen.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const server = app.getHttpServer();
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const url = `${settings.tls ? 'https' : 'http'}://${host}:${port}`;
  logger.log({ msg: 'listening', url });
  const dropConnections = trackConnections(server);
  return {
    url,
    server,
    close: async (graceMilliseconds = GRACE_MILLISECONDS) => {
      const timer = setTimeout(dropConnections, graceMilliseconds);
      await app.close();
      clearTimeout(timer);
    },
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
    const parts = { settings, clock, database, cloudFront, ...demo };
    const app = await NestFactory.create<NestExpressApplication>(AppModule.of(parts), {
      logger: options.logger,
      bodyParser: false,
      abortOnError: false,
      forceCloseConnections: false,
      ...(tls === null ? {} : { httpsOptions: { ...tls } }),
    });
    configureApp(app, settings);
    guardServer(app.getHttpServer());
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

/** For whoever is on call: which key CloudFront must hold under which id, and what browsers are told. */
function signingLine(cloudFront: CloudFrontService): object {
  const { publicKeyPem: _, ...description } = cloudFront.describe();
  return { msg: 'signing for CloudFront', ...description };
}

async function giveRights(
  app: NestExpressApplication,
  rights: readonly { readonly subject: string; readonly prefix: string }[],
): Promise<void> {
  const entitlements = app.get(EntitlementService, { strict: false });
  for (const right of rights) {
    await entitlements.put({ ...right, startsAtEpochSeconds: null, endsAtEpochSeconds: null }, DEMO_GIVER);
  }
}
