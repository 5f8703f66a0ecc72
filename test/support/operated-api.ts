import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './free-port.js';
import { send, type ClientResponse } from './https-client.js';
import { startEdgepass, type RunningProcess } from './processes.js';
import { AUDIENCE, compactJws, hs256, ISSUER } from './token-issuer.js';

/** No words in it that a message could hold: any part of it in an output is a leak. */
export const OPERATED_SECRET = 'operated-9c4e2ab7d05f4831-Qx7vA-tests';
const DEADLINE_MILLISECONDS = 20_000;

/** `edgepass api` as a process of its own, as an operator runs it. */
export interface OperatedApi {
  readonly process: RunningProcess;
  readonly port: number;
  readonly url: string;
  readonly metricsPort: number;
}

/** Makes a key file; gives its path. */
export function keyFile(folder: string, name = 'key.pem', id = 'K2JCJMDEHXQW5F'): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const path = join(folder, name);
  const text = `Key-Pair-Id: ${id}\n${privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()}`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** How to start it. */
export interface OperatedApiOptions {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly changes?: Readonly<Record<string, string>>;
  /** A command that runs the rest of its line: `strace -D …`. */
  readonly under?: readonly string[];
}

/** Starts the built API in production mode; `ready` resolves when it is. */
export async function launchOperatedApi(
  options: OperatedApiOptions,
): Promise<OperatedApi & { readonly ready: Promise<void> }> {
  const [port, metricsPort] = (await freePorts(2)) as [number, number];
  const process = startEdgepass(['api'], {
    cwd: options.folder,
    under: options.under ?? [],
    environment: {
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      PUBLIC_URL: 'https://api.media.example.com',
      APP_ORIGINS: 'https://www.media.example.com',
      CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
      CLOUDFRONT_PRIVATE_KEY_FILE: join(options.folder, 'key.pem'),
      AUTH_SECRET: OPERATED_SECRET,
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_ADMIN_GROUP: 'admins',
      DATABASE_URL: options.databaseUrl,
      DATA_DIR: join(options.folder, 'data'),
      REQUEST_LIMIT_PER_ADDRESS: '0',
      GRANT_LIMIT_PER_VIEWER: '0',
      ...options.changes,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const ready = process
    .waitForLine('"listening"', DEADLINE_MILLISECONDS)
    .then(() => until(async () => (await send(`${url}/health/ready`)).status === 200));
  // A test that ends the process before it is ready has no use for it.
  ready.catch(() => undefined);
  return { process, port, metricsPort, url, ready };
}

/** Starts the built API in production mode and waits until it is ready. */
export async function startOperatedApi(options: OperatedApiOptions): Promise<OperatedApi> {
  const api = await launchOperatedApi(options);
  await api.ready;
  return api;
}

/** How long {@link until} lets others run before it looks again: whom it waits for needs the processor. */
const BETWEEN_LOOKS_MILLISECONDS = 10;

/** Resolves when the condition holds; a failed look counts as no. Rejects at the deadline. */
export async function until(
  condition: () => Promise<boolean>,
  milliseconds = DEADLINE_MILLISECONDS,
): Promise<void> {
  const end = performance.now() + milliseconds;
  // oxlint-disable-next-line no-await-in-loop -- looks again and again
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error(`expected it within ${milliseconds} ms`);
    // oxlint-disable-next-line no-await-in-loop -- lets others run
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MILLISECONDS));
  }
}

export function bearer(sub: string, groups: readonly string[] = []): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const payload = { iss: ISSUER, aud: AUDIENCE, sub, groups, exp };
  return `Bearer ${compactJws({ alg: 'HS256', typ: 'JWT' }, payload, hs256(OPERATED_SECRET))}`;
}

/** `POST /grants` on a connection of its own; rejects on a reset. */
export function askForGrant(url: string, sub: string, prefix = 'p'): Promise<ClientResponse> {
  return send(`${url}/grants`, {
    method: 'POST',
    headers: { Authorization: bearer(sub), 'Content-Type': 'application/json' },
    body: JSON.stringify({ prefix }),
  });
}

/** Gives everyone a right, through the admin route. */
export async function entitleEveryone(url: string, prefix = 'p'): Promise<void> {
  const answer = await send(`${url}/admin/entitlements`, {
    method: 'PUT',
    headers: { Authorization: bearer('root', ['admins']), 'Content-Type': 'application/json' },
    body: JSON.stringify({ subject: 'everyone', prefix }),
  });
  if (answer.status !== 201) throw new Error(`expected 201, got ${answer.status}: ${answer.text()}`);
}
