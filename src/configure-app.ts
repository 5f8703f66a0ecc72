import type { NestExpressApplication } from '@nestjs/platform-express';
import cookieParser from 'cookie-parser';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { limitAddresses } from './limits/limit-addresses.js';
import type { RequestsInFlight } from './limits/requests-in-flight.js';
import { jsonBody } from './problems/json-body.js';
import { Problem } from './problems/problem.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { UnknownRouteFilter } from './problems/unknown-route.filter.js';
import { refuseManyHeaders, refuseWithoutHost } from './server-limits.js';
import type { Settings } from './settings/settings.js';

/** Seconds that a browser may keep a preflight's answer: long enough to matter, short enough to fix a list. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/**
 * Everything around the rooms: addresses, CORS, cookies, bodies, refusals. `start-api.ts` and every e2e test
 * call it, so that a test meets the application that runs. Create the app with `bodyParser: false`.
 */
export function configureApp(
  app: NestExpressApplication,
  settings: Settings,
  inFlight: RequestsInFlight,
): void {
  app.disable('x-powered-by');
  // Two spellings of one route are two chances to guard only one of them. Express reads its own settings of
  // that name when it makes the router, which Nest has had it do already.
  Object.assign(app.getHttpAdapter().getInstance().router, { caseSensitive: true, strict: true });
  app.disable('etag');
  app.set('trust proxy', settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false);

  app.use(neverStored);
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false },
      // A development certificate that was made anew could not be clicked past once this is stored.
      // Where the API lives on the host of the site, other hosts below it are not ours to decide about.
      strictTransportSecurity: settings.environment === 'production' && { includeSubDomains: false },
    }),
  );
  app.enableCors({
    origin: [...settings.appOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type'],
    exposedHeaders: ['Retry-After'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
  app.use(refuseWithoutHost);
  app.use(refuseManyHeaders);
  app.use(belowBasePath(settings.publicUrl.basePath));
  app.use(inFlight.shed);
  const { requestsPerAddress } = settings.limits;
  if (requestsPerAddress > 0) app.use(limitAddresses(requestsPerAddress));
  app.use(cookieParser());
  app.use(jsonBody());
  app.useGlobalFilters(new ProblemFilter(), new UnknownRouteFilter());
}

/** A grant's answer sets cookies: stored by a cache in between, it would hand them to somebody else. */
function neverStored(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

/**
 * Serves every route below the path of PUBLIC_URL, and the health routes at the root as well: whoever asks
 * for health asks the process, not the address that browsers use.
 */
function belowBasePath(basePath: string) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (basePath === '' || request.url.startsWith('/health/')) {
      next();
    } else if (request.url.startsWith(`${basePath}/`)) {
      request.url = request.url.slice(basePath.length);
      next();
    } else {
      next(new Problem('not_found', { reason: 'outside_base_path' }));
    }
  };
}
