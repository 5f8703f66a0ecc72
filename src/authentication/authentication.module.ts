import { randomBytes, type KeyObject } from 'node:crypto';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Clock } from '../operation/clock.js';
import type { Settings } from '../settings/settings.js';
import { ACCESS_TOKEN_VERIFIER, createAccessTokenVerifier } from './access-token.verifier.js';
import { AdminGuard, SIGN_IN_POLICY, type SignInPolicy, ViewerGuard } from './viewer.guard.js';
import {
  DEMO_COOKIE_ATTRIBUTES,
  DemoSignInController,
  ON_SIGNED_IN,
  type DemoCookieAttributes,
  type OnSignedIn,
} from './demo-sign-in.controller.js';
import {
  createDemoSignIn,
  DEMO_COOKIE,
  DEMO_SIGN_IN,
  type DemoSignIn,
  DEMO_ADMIN_GROUP,
  demoUsers,
} from './demo-sign-in.js';
import type { Fetch } from './jwks-download.js';
import { RemoteKeySet } from './remote-key-set.js';
import { openIssuerKeys } from './verification-keys.js';

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
  /** The key of AUTH_PUBLIC_KEY_FILE, where it has been read already; else the file is read at start. */
  readonly tokenKey?: KeyObject | null;
  /** At least 32 bytes; random per process when absent, so that a restart signs everybody out. */
  readonly demoSecret?: Uint8Array;
  /** Made with the providers of the whole application; called at each demo sign-in, nothing when absent. */
  readonly onSignedIn?: (application: ModuleRef) => OnSignedIn;
  readonly fetch?: Fetch;
}

/**
 * Who is asking: verifies access tokens and exports the guards that need them, and the issuer's {@link RemoteKeySet}
 * (`null` where access tokens are verified with a fixed key).
 */
@Module({})
export class AuthenticationModule {
  /** Throws when demo mode is asked for outside development; a bad key source fails the start of the app. */
  static forRoot(settings: AuthenticationInput, dependencies: AuthenticationDependencies): DynamicModule {
    const isDemo = settings.authentication.mode === 'demo';
    const providers: Provider[] = [
      { provide: SIGN_IN_POLICY, useValue: signInPolicy(settings) },
      ...(isDemo ? demoProviders(settings, dependencies) : jwtProviders(settings, dependencies)),
      ViewerGuard,
      AdminGuard,
    ];
    return {
      module: AuthenticationModule,
      controllers: isDemo ? [DemoSignInController] : [],
      providers,
      exports: [RemoteKeySet, ViewerGuard, AdminGuard, ACCESS_TOKEN_VERIFIER, SIGN_IN_POLICY],
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

function jwtProviders(settings: AuthenticationInput, dependencies: AuthenticationDependencies): Provider[] {
  const { authentication, environment } = settings;
  if (authentication.mode !== 'jwt') throw new Error('Expected AUTH_MODE jwt, found another.');
  const { clock, trustedClock = clock, tokenKey = null, fetch = globalThis.fetch } = dependencies;
  return [
    {
      provide: RemoteKeySet,
      useFactory: () => {
        const issuerKeys = openIssuerKeys(authentication, { clock, environment, fetch });
        issuerKeys?.watch();
        return issuerKeys;
      },
    },
    {
      provide: ACCESS_TOKEN_VERIFIER,
      inject: [RemoteKeySet],
      useFactory: (issuerKeys: RemoteKeySet | null) =>
        createAccessTokenVerifier(authentication, trustedClock, { issuerKeys, fileKey: tokenKey }),
    },
  ];
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
  const attributes: DemoCookieAttributes = {
    secure: publicUrl.origin.startsWith('https://'),
    path: publicUrl.basePath.startsWith('/') ? (publicUrl.basePath as `/${string}`) : '/',
  };
  return [
    { provide: RemoteKeySet, useValue: null },
    { provide: DEMO_SIGN_IN, useValue: demo },
    {
      provide: ON_SIGNED_IN,
      inject: [ModuleRef],
      useFactory: (application: ModuleRef) => dependencies.onSignedIn?.(application) ?? (() => undefined),
    },
    { provide: DEMO_COOKIE_ATTRIBUTES, useValue: attributes },
    { provide: ACCESS_TOKEN_VERIFIER, useValue: demo.verifier },
  ];
}
