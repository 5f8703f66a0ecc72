import { Client, Pool, type ClientConfig, type PoolConfig } from 'pg';

/**
 * A connected client of pg. PostgreSQL may end its connection at any moment, also while it is idle (a database that
 * is dropped, a server that stops): pg then emits an `error`, which ends the process where nobody listens. Here it
 * is heard, and the next query rejects.
 */
export async function connectTo(
  url: string,
  options: ClientConfig & { readonly pipeline?: boolean } = {},
): Promise<Client> {
  const client = new Client({ ...options, connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * A pool of pg that hears the errors of its idle clients, as {@link connectTo}. `end()` of a pool resolves before
 * PostgreSQL has closed the connections, so they may still come then.
 */
export function poolOn(url: string, options: PoolConfig = {}): Pool {
  const pool = new Pool({ ...options, connectionString: url });
  pool.on('error', () => undefined);
  return pool;
}
