import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { METRICS } from '../app.module.js';
import { CloudFrontService } from '../cloudfront/cloudfront.service.js';
import { OperatingState } from './operating-state.js';
import type { FrontAdapter } from '../http/front-adapter.js';
import { JsonLogger } from './json-logger.service.js';
import type { Metrics } from './metrics/metrics.js';
import type { Settings } from '../settings/settings.js';
import { errorCode } from './error-code.js';
import { SigningKeyReload } from './signing-key-reload.js';
import { StartProblem } from './deployment.js';
import { createApi, type ApiOptions } from './create-api.js';

/** A running API. */
export interface RunningApi {
  /** Where it listens: `https://127.0.0.1:3001`. */
  readonly url: string;
  readonly server: Server;
  /** Stops listening, lets requests under way finish for that long at most, closes the database. */
  close(graceMilliseconds?: number): Promise<void>;
  /**
   * Ends without failing a request: readiness says no at once, requests are served for DRAIN_SECONDS more so
   * that a balancer can send elsewhere, those under way finish; all of it within 10 s. `reason` goes to the log.
   */
  drain(reason?: string): Promise<void>;
  /** Reads the key file again. Never rejects: a wrong file changes nothing but readiness, and is logged. */
  reloadSigningKey(): Promise<void>;
}

/**
 * How long requests under way may take once the API is asked to stop: Node's own limits end with the
 * listening, and `docker stop` kills after 10 s.
 */
const GRACE_MILLISECONDS = 7_000;

/** SIGTERM to the end, the closing of the database included. */
const DRAIN_DEADLINE_MILLISECONDS = 9_500;

/**
 * Starts the API: opens the database, loads the key, composes the modules, listens.
 * @throws {StartProblem | DatabaseOpenError} with lines for the operator
 */
export async function startApi(settings: Settings, options: ApiOptions = {}): Promise<RunningApi> {
  const logger = options.logger ?? new JsonLogger(settings.logLevel);
  const app = await createApi(settings, { ...options, logger });
  const scrapes = await listen(app, settings).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const server = app.getHttpServer();
  for (const listening of [server, scrapes]) listening?.on('error', (error) => logAcceptError(logger, error));
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  const url = `${settings.tls ? 'https' : 'http'}://${host}:${port}`;
  logger.log({ msg: 'listening', url });
  const { connections } = app.getHttpAdapter() as unknown as FrontAdapter;
  const state = app.get(OperatingState, { strict: false });
  const close = async (graceMilliseconds = GRACE_MILLISECONDS): Promise<void> => {
    const timer = setTimeout(() => connections.drop(), graceMilliseconds);
    await app.close();
    clearTimeout(timer);
    scrapes?.close();
    scrapes?.closeAllConnections();
  };
  const drain = async (reason = 'asked_to_stop'): Promise<void> => {
    const windowMilliseconds = settings.drainSeconds * 1000;
    state.startDraining();
    connections.closeAfterAnswers();
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

/** A connection that could not be taken (no memory, a limit of the system) is one caller's loss, not everybody's. */
function logAcceptError(logger: JsonLogger, error: Error): void {
  logger.error({ msg: 'a connection could not be accepted', reason: errorCode(error) ?? error.message });
}

/** Gives the server of the metrics, if there is one. @throws {StartProblem} when its port cannot be used */
async function listen(app: NestExpressApplication, settings: Settings): Promise<Server | null> {
  const { metricsPort, listen: to } = settings;
  const metrics = app.get<Metrics | null>(METRICS, { strict: false });
  let scrapes: Server | null = null;
  if (metrics !== null && metricsPort !== null) {
    const { listenForScrapes } = await import('./metrics/metrics-server.js');
    scrapes = await listenForScrapes(metrics, to.host, metricsPort).catch((error: unknown) => {
      throw portProblem('METRICS_PORT', to.host, metricsPort, error);
    });
  }
  try {
    await app.listen(to.port, to.host);
    return scrapes;
  } catch (error) {
    scrapes?.close();
    throw portProblem('PORT', to.host, to.port, error);
  }
}

/** Why nothing can listen there, for the operator; what has nothing to do with the port stays as it was thrown. */
function portProblem(setting: 'PORT' | 'METRICS_PORT', host: string, port: number, error: unknown): unknown {
  const problem = (about: string, expected: string, found: string, todo: string): StartProblem =>
    new StartProblem([{ setting: about, expected, found, todo }], error);
  switch (errorCode(error) ?? '') {
    case 'EADDRINUSE': {
      const todo = `stop that program (\`lsof -i :${port}\` names it) or set ${setting} to another port`;
      return problem(setting, `port ${port} to be free`, 'another program on it', todo);
    }
    case 'EACCES': {
      const todo = `set ${setting} to a port of 1024 or more`;
      return problem(setting, 'a port that this user may listen on', String(port), todo);
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return problem('HOST', 'an address of this machine', host, 'set HOST to 127.0.0.1');
    default:
      return error;
  }
}
