import { compactJws, hs256 } from '../../support/token-issuer.js';

/** Ways to present oneself; each is a list of header lines. */
export interface Credentials {
  readonly viewers: readonly string[];
  readonly admin: string;
  /** By what is wrong with them. */
  readonly wrong: Readonly<Record<string, readonly (readonly [name: string, value: string])[]>>;
}

/** Of every viewer; no request of a run names it, so a right of it stays. */
export const LASTING_GROUP = 'lasting';

const VIEWERS = 200;
const LIFETIME_SECONDS = 6 * 3600;

/** Tokens of an issuer for a whole run. */
export function credentialsOf(
  issuer: {
    readonly secret: string;
    readonly issuer: string;
    readonly audience: string;
    readonly adminGroup: string;
  },
  nowEpochSeconds: number,
): Credentials {
  const tokenOf = (claims: object, secret = issuer.secret, header: object = { alg: 'HS256', typ: 'JWT' }) =>
    compactJws(
      header,
      { iss: issuer.issuer, aud: issuer.audience, exp: nowEpochSeconds + LIFETIME_SECONDS, ...claims },
      hs256(secret),
    );
  const header = (token: string) => [['Authorization', `Bearer ${token}`]] as const;
  const good = tokenOf({ sub: 'v1' });
  return {
    viewers: Array.from({ length: VIEWERS }, (_, at) =>
      tokenOf({ sub: `v${at}`, groups: ['class', LASTING_GROUP] }),
    ),
    admin: tokenOf({ sub: 'boss', groups: [issuer.adminGroup] }),
    wrong: {
      none: [],
      expired: header(tokenOf({ sub: 'v1', exp: nowEpochSeconds - 3600 })),
      'not yet': header(tokenOf({ sub: 'v1', nbf: nowEpochSeconds + LIFETIME_SECONDS })),
      'another audience': header(tokenOf({ sub: 'v1', aud: 'another' })),
      'another key': header(tokenOf({ sub: 'v1' }, 'another secret of thirty-two bytes or more')),
      'no algorithm': header(tokenOf({ sub: 'v1' }, issuer.secret, { alg: 'none' })),
      'another algorithm': header(tokenOf({ sub: 'v1' }, issuer.secret, { alg: 'RS256' })),
      'an odd id': header(tokenOf({ sub: '\u0000' })),
      'groups that are a number': header(tokenOf({ sub: 'v1', groups: 7 })),
      'no claims': header(compactJws({ alg: 'HS256' }, '[]', hs256(issuer.secret))),
      'no JSON': header(compactJws({ alg: 'HS256' }, '{', hs256(issuer.secret))),
      'cut off': header(good.slice(0, -3)),
      'too long': header(`${good}${'A'.repeat(9000)}`),
      'two headers': [...header(good), ...header(good)],
      'no scheme': [['Authorization', good]],
      'another scheme': [['Authorization', `Basic ${Buffer.from('v1:x').toString('base64')}`]],
      'two blanks': [['Authorization', `Bearer  ${good}`]],
      empty: [['Authorization', '']],
      'in a cookie': [['Cookie', `session=${good}; access_token=${good}`]],
    },
  };
}
