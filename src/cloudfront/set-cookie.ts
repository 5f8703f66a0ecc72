/**
 * The combinations of attributes that a browser keeps (B28, B38); any other does not compile.
 * Partitioned without SameSite=None is legal but useless, so it is no member either.
 */
export type CookieKind =
  | { readonly sameSite: 'Lax' | 'Strict'; readonly secure: boolean; readonly partitioned: false }
  | { readonly sameSite: 'None'; readonly secure: true; readonly partitioned: boolean };

export type CookiePath = `/${string}`;
