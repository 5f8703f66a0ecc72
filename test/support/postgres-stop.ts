/** Jest's globalTeardown: ends the PostgreSQL of this run, if any suite asked for one. */
export default async function tearDown(): Promise<void> {
  await globalThis.stopTestPostgres?.();
}
