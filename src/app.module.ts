import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AuditModule } from './audit/audit.module.js';
import { AuthenticationModule, adminGroupOf } from './authentication/authentication.module.js';
import { ACCESS_TOKEN_VERIFIER, type AccessTokenVerifier } from './authentication/access-token.verifier.js';
import type { ForgeryPolicy } from './authentication/forgery-check.js';
import {
  knownViewer,
  SIGN_IN_POLICY,
  viewerOrNull,
  ViewerGuard,
  type SignInPolicy,
} from './authentication/viewer.guard.js';
import { CLOCK, type Clock } from './operation/clock.js';
import { TRUSTED_CLOCK, type TrustedClock } from './operation/trusted-clock.js';
import { CloudFrontService } from './cloudfront/cloudfront.service.js';
import { Database } from './database/database.js';
import { EntitlementRepository } from './entitlements/entitlement.repository.js';
import { EntitlementsModule } from './entitlements/entitlements.module.js';
import { DiagnosesController } from './diagnoses/diagnoses.controller.js';
import { DiagnosesService } from './diagnoses/diagnoses.service.js';
import { DatabaseGrantLedger } from './grants/database-grant-ledger.js';
import { callerOf } from './authentication/viewer.js';
import { FORGERY_POLICY, KNOWN_VIEWER } from './grants/clear-grants.controller.js';
import { ClearGrantsService } from './grants/clear-grants.service.js';
import type { ReadViewer } from './grants/ports.js';
import { READ_VIEWER } from './grants/grants.controller.js';
import { GrantsService } from './grants/grants.service.js';
import { GRANT_LEDGER, GRANT_TERMS, GrantsModule } from './grants/grants.module.js';
import { HealthController } from './http/health.controller.js';
import { OperatingState } from './operation/operating-state.js';
import type { Metrics } from './operation/metrics/metrics.js';
import { timedLedger } from './operation/metrics/observe.js';
import type { Settings } from './settings/settings.js';

/** Injection token of the {@link Metrics}, `null` without METRICS_PORT. */
export const METRICS = Symbol('edgepass.metrics');

/** What the service is composed of: opened, loaded and checked before the application exists. */
export interface AppParts {
  readonly settings: Settings;
  readonly clock: Clock;
  /** By which tokens are judged and grants end. */
  readonly trustedClock: TrustedClock;
  readonly database: Database;
  readonly cloudFront: CloudFrontService;
  readonly state: OperatingState;
  /** `null` without METRICS_PORT. */
  readonly metrics: Metrics | null;
  /** The key of AUTH_PUBLIC_KEY_FILE, `null` without one. */
  readonly tokenKey: KeyObject | null;
  /** Signs the tokens of the demo sign-in; demo mode only. */
  readonly demoSecret?: Uint8Array;
}

/** The stand-alone service: the same modules that a host application mounts, in the order of the flow. */
@Module({})
export class AppModule {
  static of(parts: AppParts): DynamicModule {
    const { settings } = parts;
    const authentication = AuthenticationModule.forRoot(settings, {
      ...parts,
      onSignedIn: (application) => (response, viewer, previous) =>
        application
          .get(ClearGrantsService, { strict: false })
          .afterSignIn(response, viewer, previous && callerOf(previous)),
    });
    const admins = {
      signIn: authentication,
      hasAdmins: adminGroupOf(settings.authentication) !== null,
    };
    const entitlements = EntitlementsModule.forRoot(admins);
    return {
      module: AppModule,
      imports: [
        FoundationModule.of(parts),
        authentication,
        entitlements,
        AuditModule.forRoot(admins),
        GrantsModule.of({
          guards: [ViewerGuard],
          signedUrls: true,
          imports: [authentication, entitlements],
          providers: [
            // A factory, so that Nest closes the signer with the application.
            { provide: CloudFrontService, useFactory: () => parts.cloudFront },
            { provide: READ_VIEWER, useValue: viewerOrNull },
            {
              provide: KNOWN_VIEWER,
              inject: [ACCESS_TOKEN_VERIFIER, SIGN_IN_POLICY],
              useFactory:
                (verifier: AccessTokenVerifier, policy: SignInPolicy): ReadViewer =>
                (request) =>
                  knownViewer(request as IncomingMessage, verifier, policy),
            },
            { provide: GRANT_TERMS, useValue: { ...settings.grants, clock: parts.trustedClock } },
            { provide: FORGERY_POLICY, useValue: forgeryPolicy(settings) },
            {
              provide: GRANT_LEDGER,
              inject: [Database, EntitlementRepository],
              useFactory: (database: Database, rights: EntitlementRepository) =>
                timedLedger(
                  new DatabaseGrantLedger(database, rights, settings.limits.grantsPerViewer),
                  parts.metrics,
                ),
            },
          ],
        }),
      ],
      controllers: [HealthController, DiagnosesController],
      providers: [
        {
          provide: DiagnosesService,
          inject: [GrantsService, CloudFrontService],
          useFactory: (grants: GrantsService, cookies: CloudFrontService) =>
            new DiagnosesService(grants, cookies, settings, () => parts.clock.nowEpochSeconds()),
        },
      ],
    };
  }
}

/** What every module may ask for. */
@Global()
@Module({})
class FoundationModule {
  static of({ clock, trustedClock, database, state, metrics }: AppParts): DynamicModule {
    return {
      module: FoundationModule,
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: TRUSTED_CLOCK, useValue: trustedClock },
        { provide: OperatingState, useValue: state },
        { provide: METRICS, useValue: metrics },
        // A factory, so that Nest closes it with the application.
        { provide: Database, useFactory: () => database },
      ],
      exports: [CLOCK, TRUSTED_CLOCK, Database, OperatingState, METRICS],
    };
  }
}

function forgeryPolicy({ appOrigins, publicUrl }: Settings): ForgeryPolicy {
  return { allowedOrigins: appOrigins, ownOrigin: publicUrl.origin, withoutBrowserHeaders: 'allow' };
}
