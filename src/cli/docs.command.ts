import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './command-line.js';
import { errorsPage } from '../http/problems/errors-page.js';
import { dotEnvExample, settingsPage } from '../settings/settings-page.js';

const USAGE = `Usage: edgepass docs [--check] [--root FOLDER]

Writes .env.example and the generated pages of docs/ from the code.
--check  writes nothing; exit code 1 if a file differs
--root   the repository (default: the one this command was built in)
`;

/** One generated file: its path in the repository, and its whole text. */
interface GeneratedFile {
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

const FILES: readonly GeneratedFile[] = [
  { path: '.env.example', render: dotEnvExample },
  { path: 'docs/settings.md', render: settingsPage },
  { path: 'docs/errors.md', render: errorsPage },
  { path: 'docs/openapi.json', render: openApiFile },
];

export function run(args: readonly string[]): Promise<number> {
  const options = {
    check: { type: 'boolean' },
    // Two folders up, from dist/cli and from src/cli alike.
    root: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
  } as const;
  return runCommand({ name: 'docs', usage: USAGE, options }, args, ({ check = false, root }) =>
    check ? compare(root) : write(root),
  );
}

async function write(root: string): Promise<number> {
  for (const { path, text } of await differing(root)) {
    writeFileSync(join(root, path), text);
    process.stdout.write(`${path} written\n`);
  }
  return 0;
}

async function compare(root: string): Promise<number> {
  const files = await differing(root);
  for (const { path } of files) {
    process.stderr.write(`${path}: differs from the code; run: npm run docs\n`);
  }
  return files.length > 0 ? 1 : 0;
}

async function differing(root: string): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const files = await Promise.all(FILES.map(async ({ path, render }) => ({ path, text: await render() })));
  return files.filter(({ path, text }) => {
    const there = join(root, path);
    return !existsSync(there) || readFileSync(there, 'utf8') !== text;
  });
}

/**
 * The text of `docs/openapi.json`: the document of a deployment with every route of the service, admin
 * routes included and the demo sign-in not, made from an application that never listens.
 */
async function openApiFile(): Promise<string> {
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
