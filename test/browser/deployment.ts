import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDistributionFolder } from '../../packages/local/src/distribution-folder.js';
import { freePort } from '../support/free-port.js';
import { send } from '../support/https-client.js';
import { startEdgepass } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { TestCertificates } from '../support/test-certificates.js';
import { accessToken, TOKEN_SETTINGS } from './access-token.js';

export interface DeploymentOptions {
  /** The addresses as browsers see them, as in production: no ports but the API's own. */
  readonly appOrigin: string;
  readonly publicUrl: string;
  readonly cloudFrontUrl: string;
  readonly certificates: TestCertificates;
  /** Whether the API speaks TLS itself, or stands behind a proxy that does. */
  readonly apiSpeaksTls: boolean;
  /** Settings that differ from those of production: a CDN with a port needs `NODE_ENV` development. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Deployment {
  readonly ports: { readonly api: number; readonly edge: number };
  readonly mediaFolder: string;
  /** What the API said at start. */
  readonly warnings: string;
}

const KEY_PAIR_ID = 'K2JCJMDEHXQW5F';

/** Starts `edgepass api` with the settings of production, and `edgepass edge` in the place of the distribution; u1 may open courses/algebra. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { appOrigin, publicUrl, cloudFrontUrl, certificates } = options;
  const folder = temporaryFolder('deployment');
  const certFile = join(folder, 'leaf.pem');
  const keyFile = join(folder, 'leaf-key.pem');
  const signingKeyFile = join(folder, 'signing.pem');
  const mediaFolder = join(folder, 'media');
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  mkdirSync(mediaFolder);
  writeFileSync(certFile, certificates.certificatePem);
  writeFileSync(keyFile, certificates.keyPem, { mode: 0o600 });
  writeFileSync(
    signingKeyFile,
    `Key-Pair-Id: ${KEY_PAIR_ID}\n${pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}`,
    { mode: 0o600 },
  );
  const distribution = writeDistributionFolder(folder, {
    cloudFrontUrl,
    pageOrigins: [appOrigin],
    keyPairId: KEY_PAIR_ID,
    publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    nowEpochSeconds: Math.floor(Date.now() / 1000),
    mediaFolder,
    tls: { certFile, keyFile },
  });
  const apiPort = await freePort();
  const api = startEdgepass(['api'], {
    cwd: folder,
    environment: {
      ...TOKEN_SETTINGS,
      PORT: String(apiPort),
      PUBLIC_URL: publicUrl,
      APP_ORIGINS: appOrigin,
      CLOUDFRONT_DOMAIN: cloudFrontUrl,
      CLOUDFRONT_PRIVATE_KEY_FILE: signingKeyFile,
      DATABASE_URL: `sqlite:${join(folder, 'edgepass.sqlite')}`,
      ...(options.apiSpeaksTls
        ? { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }
        : { TRUSTED_PROXIES: '127.0.0.1' }),
      ...options.environment,
    },
  });
  const edge = startEdgepass(['edge', '--distribution', distribution, '--port', '0']);
  const [, ready] = await Promise.all([api.waitForLine('"listening"'), edge.waitForLine('edge ready')]);
  const { hostname, pathname } = new URL(publicUrl);
  const base = `${options.apiSpeaksTls ? 'https' : 'http'}://${hostname}:${apiPort}${pathname.replace(/\/$/, '')}`;
  await giveRight(base, 'user:u1', 'courses/algebra', certificates.caPem);
  return {
    ports: { api: apiPort, edge: Number(/:(\d+)$/.exec(ready)?.[1]) },
    mediaFolder,
    warnings: api.stdout() + api.stderr(),
  };
}

/** Gives a right through the admin route; `apiUrl` leads to this machine whatever its host. */
export async function giveRight(apiUrl: string, subject: string, prefix: string, ca: string): Promise<void> {
  const { status } = await send(`${apiUrl}/admin/entitlements`, {
    method: 'PUT',
    ca,
    headers: {
      authorization: `Bearer ${accessToken('root', { groups: ['admins'] })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ subject, prefix }),
  });
  if (status !== 201) throw new Error(`expected 201 from PUT /admin/entitlements, found ${status}`);
}
