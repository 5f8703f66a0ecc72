import type { Secret } from './secret.js';

/** The settings of one process, after reading and checking. Every member is in its final form. */
export interface Settings {
  readonly environment: 'production' | 'development' | 'test';
  readonly listen: { readonly host: string; readonly port: number };
  /**
   * Whether requests for another host than that of PUBLIC_URL are refused: in a container, where the demo sign-in
   * can be reached from outside of this machine.
   */
  readonly ownHostOnly: boolean;
  /** The API as browsers see it. `origin` has no path; `basePath` is `''` or `/api`. */
  readonly publicUrl: { readonly origin: string; readonly basePath: string };
  /** Exact origins that may call with credentials. */
  readonly appOrigins: readonly string[];
  /** Addresses or CIDR ranges whose forwarding headers count. */
  readonly trustedProxies: readonly string[];
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly cloudFront: CloudFrontSettings;
  readonly cookies: CookieSettings;
  readonly grants: { readonly ttlSeconds: number; readonly maxTtlSeconds: number };
  readonly authentication: AuthenticationSettings;
  readonly database: DatabaseSettings;
  readonly dataDir: string;
  readonly metricsPort: number | null;
  readonly limits: LimitSettings;
  /** How long requests are still served after the signal to stop. */
  readonly drainSeconds: number;
  readonly apiDocs: boolean;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

/** How many in a minute; 0 is no limit. */
export interface LimitSettings {
  readonly requestsPerAddress: number;
  readonly grantsPerViewer: number;
}

export interface CloudFrontSettings {
  /** The distribution as the viewer sees it: `https://cdn.example.com`, never with a path. */
  readonly url: string;
  /** Absent where the key file names it. */
  readonly keyPairId: string | null;
  /** Absent only in development, where the local stack makes a key. */
  readonly privateKey:
    | { readonly kind: 'text'; readonly text: Secret }
    | { readonly kind: 'file'; readonly path: string }
    | null;
  readonly hashAlgorithm: 'SHA1' | 'SHA256';
}

/** What the operator set; `null` means derived from the addresses. */
export interface CookieSettings {
  readonly domain: string | null;
  readonly sameSite: 'Lax' | 'Strict' | 'None' | null;
  readonly secure: boolean | null;
  readonly partitioned: boolean | null;
  readonly path: 'prefix' | 'root';
}

export type AuthenticationSettings = {
  readonly viewerClaim: string;
  readonly groupsClaim: string;
  /** Without one the admin routes do not exist. */
  readonly adminGroup: string | null;
} & (
  | { readonly mode: 'demo' }
  | {
      readonly mode: 'jwt';
      readonly keys:
        | { readonly kind: 'jwks'; readonly url: string }
        | { readonly kind: 'publicKeyFile'; readonly path: string }
        | { readonly kind: 'secret'; readonly secret: Secret };
      readonly issuer: string;
      readonly audience: string;
      readonly algorithms: readonly string[];
      /** Name of the cookie that may carry the access token. */
      readonly cookie: string | null;
    }
);

export type DatabaseSettings =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** The whole URL is a {@link Secret}: it may hold the password. */
  | { readonly kind: 'postgres'; readonly url: Secret };
