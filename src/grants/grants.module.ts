import {
  Module,
  UseGuards,
  type Abstract,
  type DynamicModule,
  type InjectionToken,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
  Inject,
  Injectable,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { Request } from 'express';
import { assertNotForged, type ForgeryPolicy } from '../authentication/forgery-check.js';
import { systemClock, type Clock } from '../operation/clock.js';
import { CloudFrontService, type CloudFrontOptions } from '../cloudfront/cloudfront.service.js';
import { ClearGrantsController, FORGERY_POLICY, KNOWN_VIEWER } from './clear-grants.controller.js';
import { ClearGrantsService } from './clear-grants.service.js';
import { GrantsUnderWay } from './grants-under-way.js';
import { hostLedger, readFromPort, type GrantLedger } from './grant-ledger.js';
import { GrantsController, READ_VIEWER } from './grants.controller.js';
import { SignedUrlsController } from './signed-urls.controller.js';
import { GrantsService, MIN_TTL_SECONDS, type GrantLimits } from './grants.service.js';
import type { MayOpen, ReadViewer, RecordGrant, ViewerPort } from './ports.js';

/** What a host application decides with values of its own; no environment variable of ours is read. */
export interface GrantsOptions {
  readonly cloudFront: CloudFrontOptions;
  /** Lifetime when the caller names none; 900 seconds if absent. */
  readonly ttlSeconds?: number;
  /** Longest lifetime, and so the time a revoked viewer can still open files; 3600 seconds if absent. */
  readonly maxTtlSeconds?: number;
  /**
   * How long each call of a port may take, in milliseconds; 10,000 if absent. Past it no cookie leaves:
   * `record` is answered 503 `audit_unavailable`, the ports that read 503 `database_unavailable`.
   */
  readonly portTimeoutMilliseconds?: number;
  readonly clock?: Clock;
}

/** A class, or a token of another kind. Nest's own `InjectionToken` lets every class pass, whatever it has. */
export type PortToken<Port> = Type<Port> | Abstract<Port> | string | symbol;

/** The three ports of a host application. */
export interface HostPorts {
  /** Port 1: the host's own sign-in. */
  readonly viewer: ViewerPort;
  /** Port 2: token of the host's provider that implements {@link MayOpen}. */
  readonly mayOpen: PortToken<MayOpen>;
  /** Port 3: token of the host's provider that implements {@link RecordGrant}. */
  readonly record: PortToken<RecordGrant>;
  /** Modules that export those providers, what the guards inject, and what `inject` of `forRootAsync` names. */
  readonly imports?: ModuleMetadata['imports'];
  /**
   * Serves `POST /signed-urls` too; not served if absent. `mayOpen` is then asked for paths of files as well, and
   * what it allows works for everybody who gets the URL.
   */
  readonly signedUrls?: boolean;
}

/** `forRoot`: ports and values together. */
export type GrantsModuleOptions = HostPorts & GrantsOptions;

/** `forRootAsync`: the values come from a factory with the host's own configuration service. */
export interface GrantsModuleAsyncOptions extends HostPorts {
  // The injected values are the host's, of any type; only its own factory knows them.
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (...injected: never[]) => GrantsOptions | Promise<GrantsOptions>;
}

/** Injection token of the {@link GrantsOptions} of a host. */
const GRANTS_OPTIONS = Symbol('edgepass.grants-options');

/** Injection token of the {@link GrantLedger}. */
export const GRANT_LEDGER = Symbol('edgepass.grant-ledger');

/** Injection token of the {@link GrantTerms}. */
export const GRANT_TERMS = Symbol('edgepass.grant-terms');

/** How long grants live, by which clock. */
export interface GrantTerms extends GrantLimits {
  readonly clock: Clock;
}

/** One composition of the grant routes: the host's below, the stand-alone service's in `app.module.ts`. */
export interface GrantsParts {
  readonly guards: ViewerPort['guards'];
  /** Whether `POST /signed-urls` is served. */
  readonly signedUrls: boolean;
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /**
   * Provides `CloudFrontService`, {@link READ_VIEWER}, {@link KNOWN_VIEWER}, {@link GRANT_LEDGER},
   * {@link GRANT_TERMS} and {@link FORGERY_POLICY}.
   */
  readonly providers: readonly Provider[];
}

/**
 * The grant routes: in the stand-alone service, and inside a host application that has its own sign-in,
 * users and roles. It registers nothing global. `CloudFrontService` is exported for the host's own use.
 * @example
 * GrantsModule.forRoot({
 *   imports: [AccessModule],
 *   viewer: { guards: [SessionGuard], read: (request: MyRequest) => request.member ?? null },
 *   mayOpen: CourseAccess,
 *   record: AuditTrail,
 *   cloudFront: { cloudFrontUrl, publicUrl, appOrigins, privateKey },
 * })
 */
@Module({})
export class GrantsModule {
  /**
   * For a host application whose values are at hand.
   * Wrong values stop the start with `TypeError` or `CloudFrontOptionsError`, all of them at once.
   */
  static forRoot(options: GrantsModuleOptions): DynamicModule {
    return GrantsModule.forRootAsync({ ...options, useFactory: () => options });
  }

  /** For a host application whose values come from its configuration service. Else as {@link forRoot}. */
  static forRootAsync(options: GrantsModuleAsyncOptions): DynamicModule {
    return GrantsModule.of({
      guards: [...options.viewer.guards, HostForgeryGuard],
      signedUrls: options.signedUrls ?? false,
      imports: options.imports ?? [],
      providers: [
        { provide: GRANTS_OPTIONS, inject: [...(options.inject ?? [])], useFactory: options.useFactory },
        {
          provide: READ_VIEWER,
          inject: [GRANTS_OPTIONS],
          useFactory: (values: GrantsOptions) => hostViewer(options.viewer, portTimeout(values)),
        },
        {
          provide: KNOWN_VIEWER,
          inject: [GRANTS_OPTIONS],
          useFactory: (values: GrantsOptions) => hostKnownViewer(options.viewer, portTimeout(values)),
        },
        {
          provide: GRANT_LEDGER,
          inject: [options.mayOpen, options.record, GRANTS_OPTIONS],
          useFactory: (rights: MayOpen, records: RecordGrant, values: GrantsOptions) =>
            hostLedger(rights, records, portTimeout(values)),
        },
        { provide: GRANT_TERMS, inject: [GRANTS_OPTIONS], useFactory: hostTerms },
        { provide: FORGERY_POLICY, inject: [GRANTS_OPTIONS], useFactory: hostForgeryPolicy },
        { provide: CloudFrontService, inject: [GRANTS_OPTIONS], useFactory: hostCloudFront },
      ],
    });
  }

  /** One composition of the routes from its parts. */
  static of(parts: GrantsParts): DynamicModule {
    const underWay = new GrantsUnderWay();
    return {
      module: GrantsModule,
      imports: parts.imports,
      controllers: [
        guarded(GrantsController, [underWay, ...parts.guards]),
        ClearGrantsController,
        ...(parts.signedUrls ? [guarded(SignedUrlsController, parts.guards)] : []),
      ],
      providers: [
        ...parts.providers,
        {
          provide: GrantsService,
          inject: [GRANT_LEDGER, CloudFrontService, GRANT_TERMS],
          useFactory: (ledger: GrantLedger, cloudFront: CloudFrontService, terms: GrantTerms) =>
            new GrantsService(ledger, cloudFront, terms.clock, terms),
        },
        { provide: GrantsUnderWay, useValue: underWay },
        {
          provide: ClearGrantsService,
          inject: [CloudFrontService, GRANT_LEDGER, GRANT_TERMS],
          useFactory: (cloudFront: CloudFrontService, ledger: GrantLedger, { clock }: GrantTerms) =>
            new ClearGrantsService(cloudFront, underWay, ledger, clock),
        },
      ],
      exports: [CloudFrontService, ClearGrantsService, GrantsService],
    };
  }
}

/** The controller with the guards of this composition, without touching the class that others may mount. */
function guarded(controller: Type, guards: GrantsParts['guards']): Type {
  const Guarded = class extends controller {};
  UseGuards(...guards)(Guarded);
  return Object.defineProperty(Guarded, 'name', { value: controller.name });
}

function hostTerms(options: GrantsOptions): GrantTerms {
  const { ttlSeconds = 900, maxTtlSeconds = 3600, clock = systemClock } = options;
  const isSeconds = (value: number) => Number.isSafeInteger(value) && value >= MIN_TTL_SECONDS;
  if (!isSeconds(ttlSeconds) || !isSeconds(maxTtlSeconds) || ttlSeconds > maxTtlSeconds) {
    throw new TypeError(
      `GrantsModule: expected whole seconds with ${MIN_TTL_SECONDS} <= ttlSeconds <= maxTtlSeconds, ` +
        `found ttlSeconds ${ttlSeconds} and maxTtlSeconds ${maxTtlSeconds}`,
    );
  }
  return { ttlSeconds, maxTtlSeconds, clock };
}

const DEFAULT_PORT_TIMEOUT_MILLISECONDS = 10_000;
/** `setTimeout` takes a longer one for 1 (https://nodejs.org/api/timers.html). */
const LONGEST_PORT_TIMEOUT_MILLISECONDS = 2_147_483_647;

function portTimeout({ portTimeoutMilliseconds }: GrantsOptions): number {
  const timeout = portTimeoutMilliseconds ?? DEFAULT_PORT_TIMEOUT_MILLISECONDS;
  if (Number.isSafeInteger(timeout) && timeout >= 1 && timeout <= LONGEST_PORT_TIMEOUT_MILLISECONDS) {
    return timeout;
  }
  throw new TypeError(
    'GrantsModule: expected portTimeoutMilliseconds to be a whole number of milliseconds, ' +
      `1 to ${LONGEST_PORT_TIMEOUT_MILLISECONDS}, found ${timeout}`,
  );
}

/** The host's viewer port with its deadline. Throws TypeError, at start, where it cannot read. */
function hostViewer(viewer: ViewerPort, timeoutMilliseconds: number): ReadViewer {
  if (typeof viewer.read !== 'function') {
    throw new TypeError('GrantsModule: expected the port `viewer` to have read(request)');
  }
  return (request) => readFromPort('read', timeoutMilliseconds, () => viewer.read(request));
}

function hostKnownViewer(viewer: ViewerPort, timeoutMilliseconds: number): ReadViewer {
  const identify = viewer.identify?.bind(viewer);
  if (identify === undefined) return () => null;
  return (request) => readFromPort('identify', timeoutMilliseconds, () => identify(request));
}

function hostForgeryPolicy({ cloudFront }: GrantsOptions): ForgeryPolicy {
  return {
    allowedOrigins: cloudFront.appOrigins,
    ownOrigin: new URL(cloudFront.publicUrl).origin,
    withoutBrowserHeaders: 'allow',
  };
}

function hostCloudFront({ cloudFront, clock }: GrantsOptions): CloudFrontService {
  return new CloudFrontService({ ...(clock ? { clock } : {}), ...cloudFront });
}

/**
 * For hosts that sign in with a session cookie: a call without an Authorization header rests on what the
 * browser attached by itself, so it must come from a listed page. Throws the problem `csrf_rejected`.
 */
@Injectable()
export class HostForgeryGuard implements CanActivate {
  constructor(@Inject(FORGERY_POLICY) private readonly forgery: ForgeryPolicy) {}

  canActivate(context: ExecutionContext): true {
    const request = context.switchToHttp().getRequest<Request>();
    if (request.headers.authorization === undefined) assertNotForged(request, this.forgery);
    return true;
  }
}
