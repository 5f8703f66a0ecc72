/** How the guards read a sign-in, fixed at start. */
export interface SignInPolicy {
  /** Name of the cookie that may carry the access token; `null` = header only. */
  readonly tokenCookie: string | null;
  /** Pages that may make unsafe calls with that cookie. */
  readonly allowedOrigins: readonly string[];
  /** The API's own origin as browsers see it. */
  readonly ownOrigin: string;
  /** Members may use the admin routes; `null` = those routes do not exist. */
  readonly adminGroup: string | null;
}

/** Injection token of the {@link SignInPolicy}. */
export const SIGN_IN_POLICY = Symbol('edgepass.sign-in-policy');
