import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/operated-api.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/postgres.js';
import { makeTestCertificates, type TestCertificates } from '../../../test/support/test-certificates.js';
import { Secret } from '../../settings/secret.js';
import { DatabaseOpenError } from '../database-open-error.js';
import { openDatabase } from '../open-database.js';

const silent = (): void => undefined;

/** PostgreSQL's SSLRequest is 8 bytes, answered with one letter before TLS begins (its protocol, 55.2.11). */
function tlsInFrontOf(port: number, { certificatePem, keyPem }: TestCertificates): Promise<Server> {
  const server = createServer((plain: Socket) => {
    plain.on('error', () => plain.destroy());
    plain.once('data', () => {
      plain.write('S');
      const secured = new TLSSocket(plain, { isServer: true, cert: certificatePem, key: keyPem });
      const far = connect(port, '127.0.0.1');
      secured.on('error', () => far.destroy());
      far.on('error', () => secured.destroy());
      secured.pipe(far).pipe(secured);
    });
  });
  return new Promise((resolve) => server.listen(0, () => resolve(server)));
}

describe('PostgreSQL over TLS, as DATABASE_URL says', () => {
  let database: TestDatabase;
  let front: Server;
  let certificates: TestCertificates;
  let others: TestCertificates;

  beforeAll(async () => {
    [certificates, others] = await Promise.all([
      makeTestCertificates(['localhost']),
      makeTestCertificates(['localhost']),
    ]);
    database = await createTestDatabase();
    front = await tlsInFrontOf(Number(new URL(database.url).port), certificates);
  });
  afterAll(async () => {
    front.close();
    await database.drop();
  });

  async function opened(host: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const url = new URL(database.url);
    url.host = `${host}:${(front.address() as AddressInfo).port}`;
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    try {
      const open = await openDatabase({ kind: 'postgres', url: new Secret(url.href) }, silent);
      // What a busy machine has no time for at once is tried again.
      const outcome = await until(async () => open.readiness.isReady).then(
        () => 'ready',
        () => 'not ready',
      );
      await open.close();
      return outcome;
    } catch (error) {
      if (!(error instanceof DatabaseOpenError)) throw error;
      return error.message.split('; ')[1] ?? '';
    }
  }

  const verified = (file: string) => ({ sslmode: 'verify-full', sslrootcert: file });

  it('sslmode=verify-full with the authority of the server in sslrootcert', async () => {
    expect(await opened('localhost', verified(certificates.caFile))).toBe('ready');
  });

  it('refuses a server of another authority', async () => {
    expect(await opened('localhost', verified(others.caFile))).toMatch(
      /^found localhost:\d+: (?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE)$/,
    );
  });

  it('refuses a server of another name', async () => {
    expect(await opened('127.0.0.1', verified(certificates.caFile))).toMatch(
      /^found 127\.0\.0\.1:\d+: ERR_TLS_CERT_ALTNAME_INVALID$/,
    );
  });

  it('names the file that is not there', async () => {
    expect(await opened('localhost', verified('/nowhere/ca.pem'))).toMatch(/^found localhost:\d+: ENOENT$/);
  });
});
