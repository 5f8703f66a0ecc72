/** What the local stack needs of the settings of a start, checked and in their final form. */
export interface LocalSettings {
  /** HOST: where every part listens. `127.0.0.1` stands for both loopback addresses. */
  readonly host: string;
  /** PORT where it was set; else the API listens on the port of PUBLIC_URL. */
  readonly apiPort: number | null;
  /** The API as browsers see it. `origin` has no path; `basePath` is `''` or `/api`. */
  readonly publicUrl: { readonly origin: string; readonly basePath: string };
  readonly appOrigins: readonly string[];
  /** TRUSTED_PROXIES, as they are written. */
  readonly trustedProxies: readonly string[];
  /** The distribution as the viewer sees it: `https://cdn.edgepass.localhost:3002`. */
  readonly cloudFrontUrl: string;
  /** A certificate of the user's own, for every HTTPS part. */
  readonly tls: TlsFiles | null;
  /** Where the signing key lies that the settings name; `null` where they name none, or its text. */
  readonly signingKeyFile: string | null;
  /**
   * Reads the public half of that key, as the local edge must know it.
   * @returns `null` where the settings name none, and one is made
   * @throws an error for the person at the terminal
   */
  readonly readPublicHalf: () => { readonly keyPairId: string; readonly publicKeyPem: string } | null;
  readonly dataDir: string;
  /** Whether the API, where it is ours, signs the users of the demo in. */
  readonly isDemo: boolean;
  /** Whether the API serves `/docs`. */
  readonly apiDocs: boolean;
}

/** PEM files of a server. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}
