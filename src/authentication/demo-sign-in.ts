import { createSecretKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../operation/clock.js';
import { Problem } from '../http/problems/problem.js';
import { JwtVerifier, type AccessTokenVerifier } from './access-token.verifier.js';
import { secretSource } from './verification-keys.js';

/** Host-only, so the CDN never sees it. */
export const DEMO_COOKIE = 'edgepass_demo';
/** A working day: long enough to show the page around, short enough to be forgotten. */
export const DEMO_TOKEN_LIFETIME_SECONDS = 28_800;

/** A person of the demo: everything the sign-in says about them. */
export interface DemoUser {
  readonly id: string;
  readonly groups: readonly string[];
}

/** Group of the administrators where AUTH_ADMIN_GROUP names none. */
export const DEMO_ADMIN_GROUP = 'admins';

/**
 * Who can sign in in demo mode. What they may open is seeded with the entitlements, not here.
 * `adminGroup` is the value of AUTH_ADMIN_GROUP.
 */
export function demoUsers(adminGroup: string): readonly DemoUser[] {
  return [
    { id: 'alice', groups: [] },
    { id: 'bob', groups: [] },
    { id: 'carol', groups: [adminGroup] },
  ];
}

const RULES = {
  issuer: 'urn:edgepass:demo',
  audience: 'urn:edgepass:demo:api',
  algorithms: ['HS256'],
  viewerClaim: 'sub',
  groupsClaim: 'groups',
} as const;

/** Stands in for the sign-in system of a real application: issues tokens and verifies them. */
export interface DemoSignIn {
  /** A token for one of the demo users. Throws the problem `user_unknown`. */
  signIn(user: unknown): Promise<{ readonly accessToken: string; readonly expiresAtEpochSeconds: number }>;
  readonly verifier: AccessTokenVerifier;
}

/** Injection token of the {@link DemoSignIn}. */
export const DEMO_SIGN_IN = Symbol('edgepass.demo-sign-in');

/** `secret`: at least 32 random bytes; tokens live on after a restart with the same ones. */
export function createDemoSignIn(options: {
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly users: readonly DemoUser[];
}): DemoSignIn {
  const { secret, clock, users } = options;
  const key = createSecretKey(secret);
  return {
    verifier: new JwtVerifier(RULES, secretSource(secret, RULES.algorithms), clock),
    async signIn(user) {
      const found = users.find(({ id }) => id === user);
      if (found === undefined) {
        const names = users.map(({ id }) => id).join(', ');
        throw new Problem('user_unknown', { detail: `Expected "user" to be one of ${names}.` });
      }
      const issuedAt = clock.nowEpochSeconds();
      const expiresAtEpochSeconds = issuedAt + DEMO_TOKEN_LIFETIME_SECONDS;
      const accessToken = await new SignJWT({ groups: [...found.groups] })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
        .setIssuer(RULES.issuer)
        .setAudience(RULES.audience)
        .setSubject(found.id)
        .setJti(randomUUID())
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAtEpochSeconds)
        .sign(key);
      return { accessToken, expiresAtEpochSeconds };
    },
  };
}
