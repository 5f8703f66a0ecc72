import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import { Socket } from 'node:net';
import type { LoggerService } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import cors from 'cors';
import type { Express } from 'express';
import helmet from 'helmet';
import type { Metrics } from '../operation/metrics/metrics.js';
import { observeRequests } from '../operation/metrics/observe.js';
import type { Settings } from '../settings/settings.js';
import { limitAddresses, callerAddress, trustOf } from './caller-address.js';
import { Admission, SURPLUS_PROBLEMS, type AdmissionLimits } from './admission.js';
import { jsonBody, markAwaiting } from './body/json-body.js';
import type { Connections } from './connections.js';
import { corsFor, corsHeaders } from './cross-origin.js';
import { FrontAdapter } from './front-adapter.js';
import { answerParserRefusals } from './parser-refusals.js';
import {
  answerProblem,
  listenForProblem,
  ReadyAnswer,
  type ProblemListener,
} from './problems/answer-problem.js';
import { problemFrom } from './problems/problem-from-error.js';
import { logProblem } from './problems/problem-log.js';
import { Problem } from './problems/problem.js';
import { RefusalBursts } from './problems/refusal-bursts.js';
import { refuseBadHead } from './request-head.js';
import type { RouteTable } from './routes.js';
import { createFrontServer } from './server.js';
import type { Next, Step } from './step.js';

/** What the front is made of. */
export interface FrontParts {
  readonly settings: Pick<
    Settings,
    'environment' | 'publicUrl' | 'ownHostOnly' | 'appOrigins' | 'trustedProxies' | 'limits'
  >;
  /** PEM texts; `null` = plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly connections: Connections;
  /** `null` = nothing is counted. */
  readonly metrics: Metrics | null;
  readonly logger: LoggerService;
  /** Hears of every problem that a call is answered with once it has passed the front. */
  readonly onProblem?: ProblemListener;
  /** Where others are wanted than those of the service. */
  readonly admissionLimits?: Partial<AdmissionLimits>;
}

/**
 * Everything that a request meets before Express and Nest, in this order. What is refused here never reaches
 * them; what reaches them has an address that exists, a body that has been read, and a place among those that
 * are worked on.
 * @returns the adapter to create the Nest application with
 */
export function createFront({
  settings,
  tls,
  connections,
  metrics,
  logger,
  onProblem = () => undefined,
  admissionLimits = {},
}: FrontParts): FrontAdapter {
  const { appOrigins, environment, limits, ownHostOnly, publicUrl, trustedProxies } = settings;
  const bursts = new RefusalBursts((entry) => logger.warn(entry));
  const isTrusted = trustOf(trustedProxies);
  const standing = standingHeaders(environment);

  const admission = new Admission(admissionLimits, { isStopping: () => connections.isClosing });

  const log = (problem: Problem, requestId: string): void => {
    if (IN_BURSTS.has(problem.code)) bursts.note(problem, requestId);
    else logProblem(logger, problem, requestId);
  };
  const headersFor = (origin: string | undefined) => ({ ...standing, ...corsHeaders(origin, appOrigins) });
  const forOthers = new Map(Object.entries(headersFor(undefined)));
  const headerMaps = new Map<string | undefined, Map<string, string>>(
    appOrigins.map((origin) => [origin, new Map(Object.entries(headersFor(origin)))]),
  );
  const surplus = new Map<unknown, ReadonlyMap<string | undefined, ReadyAnswer>>(
    SURPLUS_PROBLEMS.map((problem) => [
      problem,
      new Map(
        [undefined, ...appOrigins].map((origin) => [origin, new ReadyAnswer(problem, headersFor(origin))]),
      ),
    ]),
  );
  const refuse = (request: IncomingMessage, response: ServerResponse, error: unknown): void => {
    const { origin } = request.headers;
    const made = surplus.get(error);
    const ready = made?.get(origin) ?? made?.get(undefined);
    answerProblem(request, response, problemFrom(error), {
      ...(ready === undefined ? { headers: headersFor(origin) } : { ready }),
      log,
    });
  };
  const answer: RequestListener = (request, response) =>
    walk(steps, request, response, (error) => {
      if (error === undefined) {
        listenForProblem(request, onProblem);
        express(request, response, (left) => refuse(request, response, left ?? nothing()));
      } else refuse(request, response, error);
    });

  const server = createFrontServer(answer, { tls });
  connections.watch(server);
  const adapter = new FrontAdapter(server, connections, () => bursts.close());
  const application = adapter.getInstance<Express>().disable('x-powered-by').disable('etag');
  // An application of Express is a handler itself; what it hands on it would else answer with a page of HTML.
  const express = application as unknown as Step;
  const isHealth = healthOf(publicUrl.basePath);

  const steps: readonly Step[] = [
    ...(metrics === null ? [] : [observeRequests(metrics)]),
    readTarget,
    // Health is asked when the service is full above all, from one address for many, and waits for nobody. A
    // preflight that is refused would hide from the page what was refused.
    unless(either(isHealth, isPreflight), admission.refuseSurplus),
    (request, response, next) => {
      response.setHeaders(headerMaps.get(request.headers.origin) ?? forOthers);
      next();
    },
    // It ends them. Of other calls it would find out for each what `corsHeaders` says of every origin at start.
    unless((request) => !isPreflight(request), cors(corsFor(appOrigins))),
    refuseBadHead,
    ...(ownHostOnly ? [unless(isHealth, refuseOtherHosts(new URL(publicUrl.origin).host))] : []),
    belowBasePath(publicUrl.basePath),
    ...(limits.requestsPerAddress > 0
      ? [
          unless(
            isHealth,
            limitAddresses(limits.requestsPerAddress, (request) => callerAddress(request, isTrusted)),
          ),
        ]
      : []),
    refuseUnknownRoute(adapter.routes),
    withoutConditions,
    cookieParser() as unknown as Step,
    jsonBody,
    unless(isHealth, admission.waitForPlace),
  ];

  // Node would send `100 Continue` by itself, before anything of the request has been looked at.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    markAwaiting(request, response);
    answer(request, response);
  });
  answerParserRefusals(server, connections, appOrigins, (problem, requestId) => {
    metrics?.refused(problem);
    logProblem(logger, problem, requestId);
  });
  return adapter;
}

function nothing(): Problem {
  return new Problem('not_found', { reason: 'left_unanswered' });
}

/** Refusals that are logged in bursts: of those that a flood brings, none says more than their number. */
const IN_BURSTS: ReadonlySet<string> = new Set(['overloaded', 'rate_limited']);

/** Takes a request through the steps; calls `end` once, with what refused it, or with nothing after the last. */
function walk(steps: readonly Step[], request: IncomingMessage, response: ServerResponse, end: Next): void {
  let at = 0;
  const next: Next = (error) => {
    const step = error === undefined ? steps[at] : undefined;
    at += 1;
    if (step === undefined) {
      end(error);
      return;
    }
    try {
      step(request, response, next);
    } catch (thrown) {
      end(thrown);
    }
  };
  next();
}

/**
 * The headers that every answer has. A grant's answer sets cookies: stored by a cache in between, it would hand
 * them to somebody else. Helmet's are the same for all, so they are asked for once.
 */
function standingHeaders(environment: Settings['environment']): Readonly<Record<string, string>> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet({
    contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false },
    // A development certificate that was made anew could not be clicked past once this is stored.
    // Where the API lives on the host of the site, other hosts below it are not ours to decide about.
    strictTransportSecurity: environment === 'production' && { includeSubDomains: false },
  })(request, response, () => undefined);
  response.setHeader('Cache-Control', 'no-store');
  return Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
}

const ABSOLUTE_TARGET = /^https?:\/\/[^/?#]*/i;

/**
 * Step: takes the host from a target that names it (RFC 9112 3.2.2), and refuses what is no address. What hands
 * such a target to `url.parse`, as Express does, lets Node write it to stderr (DEP0170).
 */
function readTarget(request: IncomingMessage, response: ServerResponse, next: Next): void {
  const { url = '' } = request;
  if (url.startsWith('/')) {
    next();
    return;
  }
  const [origin] = ABSOLUTE_TARGET.exec(url) ?? [];
  if (origin === undefined ? url !== '*' : !URL.canParse(origin)) {
    // Who sends such a target is not believed about where the request ends.
    response.setHeader('connection', 'close');
    next(new Problem('request_malformed', { reason: 'target_unreadable' }));
    return;
  }
  if (origin !== undefined) {
    const rest = url.slice(origin.length);
    request.url = rest.startsWith('/') ? rest : `/${rest}`;
  }
  next();
}

/** A call for health asks the process, not the address that browsers use: it is at the root as well. */
function healthOf(basePath: string): Condition {
  return ({ url = '' }) => url.startsWith('/health/') || url.startsWith(`${basePath}/health/`);
}

function isPreflight({ method }: IncomingMessage): boolean {
  return method === 'OPTIONS';
}

type Condition = (request: IncomingMessage) => boolean;

function either(one: Condition, other: Condition): Condition {
  return (request) => one(request) || other(request);
}

function unless(isExempt: Condition, step: Step): Step {
  return (request, response, next) => {
    if (isExempt(request)) next();
    else step(request, response, next);
  };
}

/** Step: against a page of somebody else's that lets its own name lead here (DNS rebinding). */
function refuseOtherHosts(own: string): Step {
  return (request, _response, next) => {
    if (request.headers.host?.toLowerCase() === own) next();
    else next(new Problem('not_found', { reason: 'other_host' }));
  };
}

/** Step: serves every route below the path of PUBLIC_URL, and health at the root as well. */
function belowBasePath(basePath: string): Step {
  return (request, _response, next) => {
    const { url = '' } = request;
    if (basePath === '' || url.startsWith('/health/')) {
      next();
    } else if (url.startsWith(`${basePath}/`)) {
      // Express keeps what it finds here: what documents link to is seen from outside.
      Object.assign(request, { originalUrl: url, url: url.slice(basePath.length) });
      next();
    } else {
      next(new Problem('not_found', { reason: 'outside_base_path' }));
    }
  };
}

/** Step: 404 or 405 for what no route takes. What is wrong with a body matters only where a route reads it. */
function refuseUnknownRoute(routes: RouteTable): Step {
  return (request, _response, next) => {
    const { url = '', method = '' } = request;
    const end = url.search(/[?#]/);
    next(routes.refusal(method, end < 0 ? url : url.slice(0, end)));
  };
}

/** Step: nothing here has a version; Express would answer 304 to `If-None-Match: *` all the same. */
function withoutConditions({ headers }: IncomingMessage, _response: ServerResponse, next: Next): void {
  delete headers['if-none-match'];
  delete headers['if-modified-since'];
  next();
}
