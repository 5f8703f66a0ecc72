import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { readOrMakeDemoSecret } from './demo-secret.js';

describe('the secret of the demo sign-in', () => {
  it('is made once, 32 bytes that only the owner can read', async () => {
    const dataDir = join(temporaryFolder('demo-secret'), 'data');
    const first = await readOrMakeDemoSecret(dataDir);
    expect(first).toHaveLength(32);
    expect(await readOrMakeDemoSecret(dataDir)).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['demo-sign-in.secret']);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'demo-sign-in.secret')).mode & 0o777).toBe(0o600);
  });

  it('is the same for processes that start together, and another in another folder', async () => {
    const dataDir = temporaryFolder('demo-secret');
    const secrets = await Promise.all(Array.from({ length: 20 }, () => readOrMakeDemoSecret(dataDir)));
    const other = await readOrMakeDemoSecret(temporaryFolder('demo-secret'));
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size).toBe(1);
    expect(other).not.toEqual(secrets[0]);
  });

  it('that is damaged is not used', async () => {
    const dataDir = temporaryFolder('demo-secret');
    const path = join(dataDir, 'demo-sign-in.secret');
    writeFileSync(path, 'short');
    await expect(readOrMakeDemoSecret(dataDir)).rejects.toThrow(
      `Expected ${path} to hold 32 bytes, found 5. Delete it; a new one is made.`,
    );
  });
});
