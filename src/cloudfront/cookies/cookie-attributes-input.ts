/** One reason why the start must stop, in the form of the settings' own problems. */
export interface CookieAttributesProblem {
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
  readonly todo: string;
}

export interface CookieAttributesInput {
  readonly appOrigins: readonly string[];
  /** `origin` has no path; `basePath` is `''` or `/api`. */
  readonly publicUrl: { readonly origin: string; readonly basePath: string };
  readonly cloudFrontUrl: string;
  readonly environment: 'production' | 'development' | 'test';
  /** What the operator set; `null` means derived. */
  readonly cookies: {
    readonly domain: string | null;
    readonly sameSite: 'Lax' | 'Strict' | 'None' | null;
    readonly secure: boolean | null;
    readonly partitioned: boolean | null;
    readonly path: 'prefix' | 'root';
  };
}
