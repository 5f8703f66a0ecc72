import { Secret } from '../../src/settings/secret.js';
import { createTestDatabase } from '../support/postgres.js';
import { startRelay, type Relay } from '../support/relay.js';

/** A database of its own behind a line that a test can cut. */
export interface RelayedDatabase {
  /** The address past the line, for a test that is the administrator. */
  readonly serverUrl: string;
  /** The address that leads through the line. */
  readonly url: string;
  /** The same as the settings hold it. */
  readonly settings: { readonly kind: 'postgres'; readonly url: Secret };
  readonly relay: Relay;
  close(): Promise<void>;
}

export async function databaseBehindRelay(): Promise<RelayedDatabase> {
  const server = await createTestDatabase();
  const url = new URL(server.url);
  const relay = await startRelay(Number(url.port));
  url.host = `127.0.0.1:${relay.port}`;
  return {
    serverUrl: server.url,
    url: url.href,
    settings: { kind: 'postgres', url: new Secret(url.href) },
    relay,
    close: async () => {
      await relay.close();
      await server.drop();
    },
  };
}
