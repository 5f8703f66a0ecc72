import { randomBytes } from 'node:crypto';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { ACCESS_TOKEN_VERIFIER, createAccessTokenVerifier } from './access-token.verifier.js';
import { AdminGuard } from './admin.guard.js';
import {
  DEMO_COOKIE_SCOPE,
  DemoSignInController,
  ON_SIGNED_IN,
  type DemoCookieScope,
  type OnSignedIn,
} from './demo-sign-in.controller.js';
import { createDemoSignIn, DEMO_COOKIE, DEMO_SIGN_IN, type DemoSignIn } from './demo-sign-in.js';
import { DEMO_ADMIN_GROUP, demoUsers } from './demo-users.js';
import type { Fetch } from './jwks-download.js';
import { KeySetKeeper } from './key-set-keeper.js';
import type { RemoteKeySet } from './remote-key-set.js';
import { SIGN_IN_POLICY, type SignInPolicy } from './sign-in-policy.js';
import { ViewerGuard } from './viewer.guard.js';

/** The part of the settings that authentication reads. */
export type AuthenticationInput = Pick<
  Settings,
  'authentication' | 'environment' | 'publicUrl' | 'appOrigins'
>;

/** What authentication is handed beside the settings. */
export interface AuthenticationDependencies {
  readonly clock: Clock;
  /** Judges tokens, and throws a problem where it cannot say the time; `clock` when absent. */
  readonly trustedClock?: Clock;
  /** At least 32 bytes; random per process when absent, so that a restart signs everybody out. */
  readonly demoSecret?: Uint8Array;
  /** Hears of each demo sign-in; nothing when absent. */
  readonly onSignedIn?: OnSignedIn;
  readonly fetch?: Fetch;
  /** Hears of the issuer's key set, where access tokens are verified with one. */
  readonly onKeySet?: (keySet: RemoteKeySet) => void;
}

/** Who is asking: verifies access tokens and exports the guards that need them. */
@Module({})
export class AuthenticationModule {
  /** Throws when demo mode is asked for outside development; a bad key source fails the start of the app. */
  static forRoot(settings: AuthenticationInput, dependencies: AuthenticationDependencies): DynamicModule {
    const isDemo = settings.authentication.mode === 'demo';
    const providers: Provider[] = [
      { provide: SIGN_IN_POLICY, useValue: signInPolicy(settings) },
      ...(isDemo ? demoProviders(settings, dependencies) : [jwtProvider(settings, dependencies)]),
      KeySetKeeper,
      ViewerGuard,
      AdminGuard,
    ];
    return {
      module: AuthenticationModule,
      controllers: isDemo ? [DemoSignInController] : [],
      providers,
      exports: [KeySetKeeper, ViewerGuard, AdminGuard, ACCESS_TOKEN_VERIFIER, SIGN_IN_POLICY],
    };
  }
}

/** Name of the group whose members are administrators; `null` = the admin routes do not exist. */
export function adminGroupOf(authentication: Settings['authentication']): string | null {
  return authentication.adminGroup ?? (authentication.mode === 'demo' ? DEMO_ADMIN_GROUP : null);
}

function signInPolicy({ authentication, appOrigins, publicUrl }: AuthenticationInput): SignInPolicy {
  return {
    tokenCookie: authentication.mode === 'demo' ? DEMO_COOKIE : authentication.cookie,
    allowedOrigins: appOrigins,
    ownOrigin: publicUrl.origin,
    adminGroup: adminGroupOf(authentication),
  };
}

function jwtProvider(settings: AuthenticationInput, dependencies: AuthenticationDependencies): Provider {
  const { authentication, environment } = settings;
  if (authentication.mode !== 'jwt') throw new Error('Expected AUTH_MODE jwt, found another.');
  return {
    provide: ACCESS_TOKEN_VERIFIER,
    inject: [KeySetKeeper],
    useFactory: async (keeper: KeySetKeeper) =>
      createAccessTokenVerifier(authentication, {
        ...dependencies,
        environment,
        onKeySet: (keySet) => {
          keeper.keep(keySet);
          dependencies.onKeySet?.(keySet);
        },
      }),
  };
}

/** Anyone can become anyone in demo mode, so it is refused here once more, whatever read the settings. */
function demoProviders(settings: AuthenticationInput, dependencies: AuthenticationDependencies): Provider[] {
  const { environment, publicUrl } = settings;
  if (environment !== 'development') {
    throw new Error(
      `AUTH_MODE=demo: expected NODE_ENV development, found ${environment}. Set AUTH_MODE to jwt.`,
    );
  }
  const demo: DemoSignIn = createDemoSignIn({
    secret: dependencies.demoSecret ?? randomBytes(32),
    clock: dependencies.trustedClock ?? dependencies.clock,
    users: demoUsers(adminGroupOf(settings.authentication) ?? DEMO_ADMIN_GROUP),
  });
  const scope: DemoCookieScope = {
    secure: publicUrl.origin.startsWith('https://'),
    path: publicUrl.basePath.startsWith('/') ? (publicUrl.basePath as `/${string}`) : '/',
  };
  return [
    { provide: DEMO_SIGN_IN, useValue: demo },
    { provide: ON_SIGNED_IN, useValue: dependencies.onSignedIn ?? (() => undefined) },
    { provide: DEMO_COOKIE_SCOPE, useValue: scope },
    { provide: ACCESS_TOKEN_VERIFIER, useValue: demo.verifier },
  ];
}
