import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { diagnose, joinEvidence, readConfiguration, readSettings } from '@edgepass/doctor';
import { writeFolder } from '../support/edge-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { CONFIGURED } from './configurations.js';
import { distributionInput, FILE, PAGE } from './stage.js';

const NOW_MILLISECONDS = 1_795_000_000_000;

function ask(folder: string, url: string | null, app: string, settings: string | null = null) {
  const read = settings === null ? null : readSettings(settings);
  const result = readConfiguration(folder, url, app, read?.keyPairId ?? null);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  const parts = [result.evidence, ...(read === null ? [] : [read.evidence])];
  return diagnose(joinEvidence(parts, { nowMilliseconds: NOW_MILLISECONDS, app, target: url }));
}

describe('the JSON of a distribution', () => {
  test.each(CONFIGURED.map((configured) => [configured.entry, configured.how, configured] as const))(
    '%s: %s',
    (entry, _how, { input, id, where, url, app, settings }) => {
      const { folder } = writeFolder(input);
      const { rootCause } = ask(folder, url ?? FILE, app ?? PAGE, settings ?? null);
      expect(rootCause).toMatchObject({ id, catalogue: [entry] });
      expect(rootCause?.fix.where ?? '').toBe(where);
    },
  );

  test('whose policy lists other origins: says that this policy does not list it', () => {
    const { folder } = writeFolder(distributionInput({}));
    const { rootCause } = ask(folder, FILE, 'https://evil.example.com');
    expect(rootCause).toMatchObject({
      why: 'The response headers policy "pages" does not list https://evil.example.com, so it answers that page without CORS headers.',
      fix: { text: 'List exactly https://evil.example.com in it.' },
    });
  });

  test('names the same without edge.json, as AWS alone writes it', () => {
    for (const { input, id, url, app, settings } of CONFIGURED) {
      const { folder } = writeFolder(input);
      rmSync(join(folder, 'edge.json'));
      expect(ask(folder, url ?? FILE, app ?? PAGE, settings ?? null).rootCause?.id).toBe(id);
    }
  });

  test('of the recommended distribution yields nothing but ok', () => {
    const { folder } = writeFolder(distributionInput({}));
    const { findings, rootCause, alsoPossible } = ask(folder, FILE, PAGE);
    expect({ rootCause, alsoPossible }).toEqual({ rootCause: null, alsoPossible: [] });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  test('of one app that passes Origin on warns that an image may spoil the copy', () => {
    const { folder } = writeFolder(
      distributionInput({
        policy: null,
        bucketCors: { CORSRules: [{ AllowedOrigins: [PAGE], AllowedMethods: ['GET'] }] },
        behavior: { OriginRequestPolicyId: '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf' },
      }),
    );
    const { findings, rootCause } = ask(folder, FILE, PAGE);
    expect(rootCause).toBeNull();
    expect(findings.filter(({ status }) => status !== 'ok').map(({ id, status }) => [id, status])).toEqual([
      ['other-origins-copy', 'warn'],
    ]);
  });

  test('names a key pair id that no key group holds', () => {
    const { folder } = writeFolder(distributionInput({}));
    const settings =
      'PUBLIC_URL=https://api.example.com\nAPP_ORIGINS=https://app.example.com\nCLOUDFRONT_DOMAIN=cdn.example.com\nCLOUDFRONT_KEY_PAIR_ID=KOTHER\n';
    const { rootCause } = ask(folder, FILE, PAGE, settings);
    expect(rootCause?.id).toBe('key-not-trusted');
    expect(rootCause?.seen).toEqual(["The signer's key pair id KOTHER is in no key group of the behavior."]);
  });

  test('is read as a bare DistributionConfig in one file too', () => {
    const { folder } = writeFolder(
      distributionInput({ policy: null, behavior: { TrustedKeyGroups: { Enabled: false, Quantity: 0 } } }),
    );
    const file = join(folder, 'distribution.json');
    const { DistributionConfig } = JSON.parse(readFileSync(file, 'utf8')) as { DistributionConfig: object };
    const alone = writeFolder({ extra: { 'alone.json': DistributionConfig } });
    expect(ask(join(alone.folder, 'alone.json'), FILE, PAGE).rootCause?.id).toBe('no-cors-headers');
  });

  test.each([
    [true, ['ipv6-enabled']],
    [false, []],
  ])('with IsIPV6Enabled %p says so', (IsIPV6Enabled, kinds) => {
    const { folder } = writeFolder(distributionInput({ config: { IsIPV6Enabled } }));
    const result = readConfiguration(folder, FILE, PAGE, null);
    if ('problems' in result) throw new Error(result.problems.join('\n'));
    expect(result.evidence.configuration?.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('is looked for before the folder is copied: a wrong folder is not read', async () => {
    const folder = temporaryFolder('wrong-folder');
    // No copy of a socket can be made.
    const socket = createServer().listen(join(folder, 'socket'));
    await once(socket, 'listening');
    expect(readConfiguration(folder, FILE, PAGE, null)).toEqual({
      problems: [`${basename(folder)}: expected the JSON of aws cloudfront get-distribution-config`],
    });
    socket.close();
  });

  test('leaves no copy of the files behind', () => {
    const { folder } = writeFolder(distributionInput({}));
    rmSync(join(folder, 'edge.json'));
    const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith('edgepass-doctor-'));
    const before = copies();
    ask(folder, FILE, PAGE);
    expect(copies().filter((name) => !before.includes(name))).toEqual([]);
  });

  test('with mistakes gives each of them with its place', () => {
    const { folder } = writeFolder({
      extra: { 'distribution.json': { DistributionConfig: { Origins: 5 } } },
    });
    const result = readConfiguration(folder, FILE, PAGE, null);
    expect('problems' in result && result.problems[0]).toMatch(/^distribution\.json DistributionConfig/);
  });
});
