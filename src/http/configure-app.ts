import type { NestExpressApplication } from '@nestjs/platform-express';
import cookieParser from 'cookie-parser';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { corsFor } from './cross-origin.js';
import { limitAddresses } from './limits/limit-addresses.js';
import type { RequestsInFlight } from './limits/requests-in-flight.js';
import { jsonBody } from './body/json-body.js';
import { Problem } from './problems/problem.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { UnknownRouteFilter } from './problems/unknown-route.filter.js';
import { unknownRoute } from './problems/unknown-route.js';
import { refuseBadHead } from './request-head.js';
import type { Settings } from '../settings/settings.js';

/**
 * Everything around the rooms: addresses, CORS, cookies, bodies, refusals. `create-api.ts` and every e2e test
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
  // Nothing here has a version; Express would answer 304 to `If-None-Match: *` all the same.
  Object.defineProperty(app.getHttpAdapter().getInstance().request, 'fresh', { value: false });
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
  app.enableCors(corsFor(settings.appOrigins));
  app.use(refuseBadHead);
  app.use(belowBasePath(settings.publicUrl.basePath));
  app.use(inFlight.shed);
  const { requestsPerAddress } = settings.limits;
  if (requestsPerAddress > 0) app.use(limitAddresses(requestsPerAddress));
  app.use(cookieParser());
  app.use(bodyOfKnownRoutes());
  app.useGlobalFilters(new ProblemFilter(), new UnknownRouteFilter());
}

/** A grant's answer sets cookies: stored by a cache in between, it would hand them to somebody else. */
function neverStored(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

/** What is wrong with a body matters only where somebody would have read it. */
function bodyOfKnownRoutes() {
  const read = jsonBody();
  return (request: Request, response: Response, next: NextFunction): void =>
    read(request, response, (error) =>
      next(error === undefined ? undefined : (unknownRoute(request) ?? error)),
    );
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
