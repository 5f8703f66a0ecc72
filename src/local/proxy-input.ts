/** One dev server of the user's and the HTTPS name that it gets. */
export interface ProxyInput {
  /** The address as browsers see it: `https://app.edgepass.localhost:3000`. */
  readonly publicOrigin: string;
  /** The user's dev server: `http://localhost:5173`. */
  readonly target: URL;
  /** For the 502: the flag and what stands behind it. */
  readonly flag: '--app' | '--api';
  /** Pages that may read an answer of the API with credentials, the 502 included. */
  readonly pageOrigins: readonly string[];
}
