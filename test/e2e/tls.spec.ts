import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { startTestApi } from '../support/api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';

it('a TLS handshake may take as long as the headers: 10 s, not the 120 s of Node', async () => {
  const { certificatePem, keyPem } = await makeTestCertificates(['api.example.com']);
  const folder = temporaryFolder('tls');
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(tls.certFile, certificatePem);
  writeFileSync(tls.keyFile, keyPem);
  const api = await startTestApi('sqlite', { tls });
  const server = api.app.getHttpServer() as unknown as Readonly<Record<symbol, unknown>>;
  // Only there does Node say which limit a server has.
  const limit = Object.getOwnPropertySymbols(server).find((name) => name.description === 'handshake-timeout');
  const milliseconds = limit && server[limit];
  await api.close();
  expect(milliseconds).toBe(10_000);
});
