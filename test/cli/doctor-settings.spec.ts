import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dispatch } from '../../src/cli/dispatch.js';
import { keyFile } from '../support/operated-api.js';
import { runEdgepass } from '../support/processes.js';
import { runHere, type EndedCommand } from '../support/run-here.js';
import { IS_WHOLE } from '../support/whole.js';

const SECRET = 'a secret that must never be shown';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edgepass-doctor-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * Runs the doctor of the service with settings of production, some of them changed: as a process where all is well, else in
 * this one; under `npm run whole` each in one of its own.
 */
function doctor(changes: Record<string, string> | null = null): Promise<EndedCommand> {
  const settings = {
    PUBLIC_URL: 'https://api.media.example.com',
    APP_ORIGINS: 'https://www.media.example.com',
    CLOUDFRONT_DOMAIN: 'cdn.media.example.com',
    CLOUDFRONT_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
    CLOUDFRONT_PRIVATE_KEY_FILE: keyFile(folder),
    AUTH_SECRET: SECRET,
    AUTH_ISSUER: 'https://issuer.example.com',
    AUTH_AUDIENCE: 'media',
    DATABASE_URL: `sqlite:${join(folder, 'edgepass.sqlite')}`,
    TRUSTED_PROXIES: '127.0.0.1',
    DATA_DIR: join(folder, 'data'),
    ...changes,
  };
  const file = join(folder, 'production.env');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
  );
  const args = ['doctor', '--settings', file, '--json'];
  return changes === null || IS_WHOLE
    ? runEdgepass(args, { cwd: folder, environment: {} })
    : runHere(dispatch, args, {}, folder);
}

interface Printed {
  readonly rootCause: { readonly id: string; readonly seen: readonly string[] } | null;
  readonly findings: readonly { readonly id: string; readonly status: string }[];
  readonly notes: readonly string[];
}

describe('edgepass doctor --settings', () => {
  it('of settings that start says that start-up was asked too', async () => {
    const { code, stdout } = await doctor();
    const { rootCause, findings, notes } = JSON.parse(stdout) as Printed;
    expect({ code, rootCause, notes }).toEqual({ code: 0, rootCause: null, notes: [] });
    expect(findings.find(({ id }) => id === 'settings-refused')?.status).toBe('ok');
  });

  it('says what start-up would refuse, as edgepass api --check does, and no secret', async () => {
    const { code, stdout, stderr } = await doctor({
      CLOUDFRONT_PRIVATE_KEY_FILE: join(folder, 'no-key.pem'),
      GRANT_MAX_TTL_SECONDS: 'soon',
    });
    const { rootCause } = JSON.parse(stdout) as Printed;
    expect([code, rootCause?.id]).toEqual([1, 'settings-refused']);
    expect(rootCause?.seen.map((line) => line.split(':', 1)[0]).toSorted()).toEqual([
      'CLOUDFRONT_PRIVATE_KEY_FILE',
      'GRANT_MAX_TTL_SECONDS',
    ]);
    expect(`${stdout}${stderr}`).not.toContain(SECRET);
  });

  it('names a cause that browsers show before the line of start-up about it', async () => {
    const { stdout } = await doctor({ PUBLIC_URL: 'https://localhost:3001' });
    const { rootCause, findings } = JSON.parse(stdout) as Printed;
    expect(rootCause?.id).toBe('domain-of-another-host');
    expect(findings.find(({ id }) => id === 'settings-refused')?.status).toBe('fail');
  });
});
