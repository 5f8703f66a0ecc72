import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer, type ServerProcess } from '../server-process.js';
import type { Case } from './cases.js';
import { makeToken, type Deployment } from './deployment.js';

const compiled = fileURLToPath(new URL('../..', import.meta.url));

/** What is beside the deployment; without a database it is SQLite in the folder. */
export interface EdgepassOptions {
  readonly nodeArguments?: readonly string[];
  readonly databaseUrl?: string;
  /** An IPC channel to what `nodeArguments` load. */
  readonly ipc?: boolean;
  /** How often it is asked whether it is ready. */
  readonly pollMilliseconds?: number;
  /** Settings that differ from those of the other benchmarks. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How `npm run start:prod` starts Node. @throws Error where that command has another form */
function productionArguments(): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(compiled, '../package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const command = /^exec node (?<flags>.*) dist\/cli\/edgepass\.js api$/.exec(
    manifest.scripts['start:prod'] ?? '',
  );
  if (command?.groups?.['flags'] === undefined)
    throw new Error('expected start:prod to be `exec node … api`');
  return command.groups['flags'].split(' ');
}

/** edgepass as it runs in production: `edgepass api` from the environment. */
export function startEdgepass(
  deployment: Deployment,
  folder: string,
  {
    nodeArguments = [],
    databaseUrl,
    ipc = false,
    pollMilliseconds = 50,
    environment = {},
  }: EdgepassOptions = {},
): Promise<ServerProcess> {
  return startServer(
    [...nodeArguments, ...productionArguments(), join(compiled, 'cli/edgepass.js'), 'api'],
    {
      NODE_ENV: 'production',
      PUBLIC_URL: deployment.apiUrl,
      APP_ORIGINS: deployment.appOrigin,
      CLOUDFRONT_DOMAIN: deployment.cdnUrl,
      CLOUDFRONT_KEY_PAIR_ID: deployment.keyPairId,
      CLOUDFRONT_PRIVATE_KEY: deployment.privateKeyPem,
      AUTH_SECRET: deployment.tokenSecret,
      AUTH_ISSUER: deployment.issuer,
      AUTH_AUDIENCE: deployment.audience,
      AUTH_ADMIN_GROUP: 'admins',
      GRANT_TTL_SECONDS: String(deployment.ttlSeconds),
      // The whole load comes from one address.
      REQUEST_LIMIT_PER_ADDRESS: '0',
      GRANT_LIMIT_PER_VIEWER: '0',
      DATABASE_URL: databaseUrl ?? `sqlite:${join(folder, 'edgepass.sqlite')}`,
      DATA_DIR: folder,
      ...environment,
    },
    '/health/ready',
    { ipc, pollMilliseconds },
  );
}

/** The naive version, beside it; `constant` answers always the same and signs nothing. */
export function startNaivePeer(
  deployment: Deployment,
  answer: 'signed' | 'constant' = 'signed',
): Promise<ServerProcess> {
  return startServer(
    [join(compiled, 'bench/grants/naive-peer.js')],
    {
      NODE_ENV: 'production',
      CDN_URL: deployment.cdnUrl,
      COOKIE_DOMAIN: 'media.example.com',
      KEY_PAIR_ID: deployment.keyPairId,
      PRIVATE_KEY_PEM: deployment.privateKeyPem,
      TOKEN_SECRET: deployment.tokenSecret,
      ISSUER: deployment.issuer,
      AUDIENCE: deployment.audience,
      TTL_SECONDS: String(deployment.ttlSeconds),
      ...(answer === 'constant' ? { CONSTANT_ANSWER: '1' } : {}),
    },
    '/grants/ready',
  );
}

/** Gives the rights of the cases through the admin route, a few at a time. */
export async function giveRights(url: string, deployment: Deployment, cases: readonly Case[]): Promise<void> {
  const authorization = `Bearer ${makeToken(deployment, 'bench', ['admins'])}`;
  const rights = cases.flatMap((one) => one.rights);
  for (let start = 0; start < rights.length; start += 20) {
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    await Promise.all(
      rights.slice(start, start + 20).map(async (right) => {
        const answer = await fetch(`${url}/admin/entitlements`, {
          method: 'PUT',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify(right),
        });
        if (answer.status !== 201) throw new Error(`expected 201 for a new right, got ${answer.status}`);
      }),
    );
  }
}
