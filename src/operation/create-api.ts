import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from '../app.module.js';
import { RecordRefusals } from '../audit/record-refusals.js';
import { RemoteKeySet, type KeySetState } from '../authentication/remote-key-set.js';
import { readOrMakeDemoSecret } from '../authentication/demo-secret.js';
import { systemClock, type Clock } from './clock.js';
import { believed, WatchedClock, type TrustedClock } from './trusted-clock.js';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import type { AdmissionLimits } from '../http/admission.js';
import { trustOf } from '../http/caller-address.js';
import { Connections } from '../http/connections.js';
import { createFront } from '../http/front.js';
import { ProblemFilter } from '../http/problems/problem.filter.js';
import { OperatingState } from './operating-state.js';
import { Database } from '../database/database.js';
import { openDatabase } from '../database/open-database.js';
import { EntitlementService } from '../entitlements/entitlement.service.js';
import { JsonLogger } from './json-logger.service.js';
import { builtAtEpochSeconds, version } from './build-info.js';
import type { Metrics } from './metrics/metrics.js';
import type { Settings } from '../settings/settings.js';
import { loadDeployment, type Deployment } from './deployment.js';
import { serveOpenApi } from '../http/open-api.js';

/** What may be handed in beside the settings. */
export interface ApiOptions {
  readonly clock?: Clock;
  /** What the settings name, where it has been loaded already; else it is loaded here. */
  readonly deployment?: Deployment;
  /** Entitlements to put at start, for the demo: those that exist already stay as they are. */
  readonly entitlements?: readonly { readonly subject: string; readonly prefix: string }[];
  readonly logger?: JsonLogger;
  /** Where others are wanted than those of the service. */
  readonly admissionLimits?: Partial<AdmissionLimits>;
}

/** Named as the giver of the demo's entitlements. */
const DEMO_ADMINISTRATOR = { id: 'edgepass start', groups: [] };

/** The API ready to listen; every e2e test starts from here. */
export async function createApi(
  settings: Settings,
  options: ApiOptions & { readonly logger: JsonLogger },
): Promise<NestExpressApplication> {
  const clock = options.clock ?? systemClock;
  const { tls, tokenKey, warnings, ...deployment } = options.deployment ?? (await loadDeployment(settings));
  for (const warning of warnings) options.logger.warn(warning);

  const database = await openDatabase(
    settings.database,
    (error) => options.logger.warn({ msg: 'a database connection was lost', reason: error.message }),
    (warning) => options.logger.warn(warning),
    (level, line) => (level === 'info' ? options.logger.log(line) : options.logger.warn(line)),
  );
  try {
    const cloudFront = new CloudFrontService({ ...deployment.cloudFront, clock });
    const isDemo = settings.authentication.mode === 'demo';
    const demo = isDemo ? { demoSecret: await readOrMakeDemoSecret(settings.dataDir) } : {};
    const state = new OperatingState();
    const connections = new Connections(trustOf(settings.trustedProxies));
    let issuerKeys: RemoteKeySet | null = null;
    let refusals: RecordRefusals | null = null;
    const metrics = await countIfAsked(settings, {
      cloudFront,
      state,
      connections,
      issuerKeys: () => issuerKeys,
      logger: options.logger,
    });
    const trustedClock = options.clock === undefined ? watched(clock, options.logger) : believed(clock);
    const parts = {
      settings,
      clock,
      trustedClock,
      database,
      cloudFront,
      state,
      metrics,
      tokenKey,
      ...demo,
    };
    const adapter = createFront({
      settings,
      tls,
      connections,
      metrics,
      logger: options.logger,
      onProblem: (request, problem) => refusals?.note(request, problem),
      admissionLimits: options.admissionLimits ?? {},
    });
    const app = await NestFactory.create<NestExpressApplication>(AppModule.of(parts), adapter, {
      logger: options.logger,
      bodyParser: false,
      abortOnError: false,
      forceCloseConnections: false,
    });
    refusals = app.get(RecordRefusals, { strict: false });
    issuerKeys = app.get<RemoteKeySet | null>(RemoteKeySet, { strict: false });
    app.useGlobalFilters(new ProblemFilter());
    if (settings.apiDocs) serveOpenApi(app, settings);
    await app.init();
    await putEntitlements(app, options.entitlements ?? []);
    options.logger.log(signingLine(cloudFront));
    return app;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Logs since when nothing is granted and why, and since when it is over. */
function watched(clock: Clock, logger: JsonLogger): TrustedClock {
  return new WatchedClock(clock, {
    builtAtEpochSeconds: builtAtEpochSeconds(),
    onChange: (fault) => {
      if (fault === null) logger.log({ msg: 'the clock can be trusted' });
      else logger.error({ msg: 'the clock cannot be trusted; nothing is granted', reason: fault });
    },
  });
}

/** The counters, where METRICS_PORT asks for them: their package is loaded for no other deployment. */
async function countIfAsked(
  settings: Settings,
  parts: {
    readonly cloudFront: CloudFrontService;
    readonly state: OperatingState;
    readonly connections: Connections;
    readonly issuerKeys: () => RemoteKeySet | null;
    readonly logger: JsonLogger;
  },
): Promise<Metrics | null> {
  if (settings.metricsPort === null) return null;
  const { Metrics } = await import('./metrics/metrics.js');
  const { cloudFront, state, connections, issuerKeys, logger } = parts;
  const { hashAlgorithm } = cloudFront.describe();
  return new Metrics({
    build: { version: version(), database: settings.database.kind, hash_algorithm: hashAlgorithm },
    signingKey: () => {
      const { keyPairId, keyType } = cloudFront.describe();
      return { keyPairId, type: keyType };
    },
    signaturesWaiting: () => cloudFront.signaturesWaiting,
    requestsUnderWay: () => connections.requestsUnderWay,
    isDraining: () => state.isDraining,
    degradations: () => state.degradations,
    logLinesLost: () => logger.linesLost,
    issuerKeys: hasIssuerKeys(settings) ? () => issuerKeys()?.state ?? NOT_FETCHED : null,
  });
}

const NOT_FETCHED: KeySetState = { ageSeconds: null, isFailing: false };

function hasIssuerKeys({ authentication }: Settings): boolean {
  return authentication.mode === 'jwt' && authentication.keys.kind === 'jwks';
}

/** The line that says which key CloudFront must hold under which id, and which attributes the cookies have. */
function signingLine(cloudFront: CloudFrontService): object {
  const { publicKeyPem: _, ...description } = cloudFront.describe();
  return { msg: 'signing for CloudFront', ...description };
}

async function putEntitlements(
  app: NestExpressApplication,
  wanted: readonly { readonly subject: string; readonly prefix: string }[],
): Promise<void> {
  if (wanted.length === 0) return;
  const database = app.get(Database, { strict: false });
  if (!database.readiness.isReady) throw database.notReady;
  const entitlements = app.get(EntitlementService, { strict: false });
  for (const one of wanted) {
    await entitlements.put(
      { ...one, startsAtEpochSeconds: null, endsAtEpochSeconds: null },
      DEMO_ADMINISTRATOR,
    );
  }
}
