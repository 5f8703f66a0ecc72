import { AUDIENCE, claims, compactJws, hs256, ISSUER } from '../support/token-issuer.js';

const SECRET = 'a secret of the browser tests, more than 32 bytes';

/** The settings of an API that believes {@link accessToken}. */
export const TOKEN_SETTINGS = {
  AUTH_MODE: 'jwt',
  AUTH_SECRET: SECRET,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_ADMIN_GROUP: 'admins',
} as const;

/** The token that the sign-in of the user's own would give; it ends that many seconds from now. */
export function accessToken(
  sub: string,
  more: { readonly groups?: readonly string[]; readonly lifeSeconds?: number } = {},
): string {
  const exp = Math.floor(Date.now() / 1000) + (more.lifeSeconds ?? 600);
  return compactJws(
    { alg: 'HS256', typ: 'JWT' },
    claims({ sub, exp, groups: more.groups ?? [] }),
    hs256(SECRET),
  );
}
