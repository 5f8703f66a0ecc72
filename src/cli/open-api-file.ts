import { generateKeyPairSync } from 'node:crypto';

/**
 * The text of `docs/openapi.json`: the document of a deployment with every route of the service, admin
 * routes included and the demo sign-in not, made from an application that never listens.
 */
export async function openApiFile(): Promise<string> {
  const { readSettings, formatProblems } = await import('../settings/read-settings.js');
  const { createApi } = await import('../operation/create-api.js');
  const { openApiDocument } = await import('../http/open-api.js');
  const { JsonLogger } = await import('../operation/json-logger.service.js');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  const read = readSettings({
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://app.example.com',
    CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CLOUDFRONT_PRIVATE_KEY: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    AUTH_SECRET: 'never used: this application does not listen',
    AUTH_ISSUER: 'https://idp.example.com',
    AUTH_AUDIENCE: 'edgepass',
    AUTH_ADMIN_GROUP: 'admins',
    DATABASE_URL: 'sqlite:never-opened',
  });
  if ('problems' in read) throw new Error(formatProblems(read.problems));

  const settings = { ...read.settings, database: { kind: 'sqlite', path: ':memory:' } as const };
  const app = await createApi(settings, { logger: new JsonLogger('silent') });
  try {
    return `${JSON.stringify(openApiDocument(app, settings), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
