import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files that anybody may read, by key; no other content may ever be seen. */
export const PUBLIC_FILES: Readonly<Record<string, string>> = {
  'index.html': 'root',
  'public/hello.txt': 'hello',
  'public/a': 'a without ending',
  'public/é': 'beyond ASCII',
};

/** Stands in every file that must not be seen, and in no target. */
export const LEAK = 'LEAK-58c1d0';

/** The host that the distribution answers for. */
export const HOST = 'cdn.example.com';

const OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';

/**
 * Writes a distribution below `root`, with everything around its public files that must stay unseen:
 * private files, dotfiles, files beside the folder, and links to them. Gives the distribution's folder.
 */
export function writeFuzzFolder(root: string): string {
  for (const [key, content] of Object.entries(PUBLIC_FILES)) write(join(root, 'media', key), content);
  for (const unseen of [
    'outside.txt',
    'media2/outside.txt',
    'media/private/secret.txt',
    'media/private/index.html',
    'media/.env',
    'media/public/.hidden',
    'media/.git/config',
  ]) {
    write(join(root, unseen), `${LEAK} ${unseen}`);
  }
  symlinkSync(join(root, 'outside.txt'), join(root, 'media/public/file-link.txt'));
  symlinkSync(root, join(root, 'media/public/link'));
  symlinkSync('../private/secret.txt', join(root, 'media/public/link.txt'));
  symlinkSync('/proc/self/environ', join(root, 'media/public/environ'));
  const folder = join(root, 'distribution');
  for (const [file, content] of Object.entries(descriptionFiles())) {
    write(join(folder, file), JSON.stringify(content));
  }
  return folder;
}

function descriptionFiles(): Readonly<Record<string, unknown>> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const behavior = {
    TargetOriginId: 'media',
    ViewerProtocolPolicy: 'allow-all',
    CachePolicyId: OPTIMIZED,
    TrustedKeyGroups: { Enabled: false, Quantity: 0 },
  };
  return {
    'distribution.json': {
      DistributionConfig: {
        Aliases: { Quantity: 1, Items: [HOST] },
        DefaultRootObject: 'index.html',
        Origins: {
          Quantity: 1,
          Items: [{ Id: 'media', DomainName: 'media.s3.us-east-1.amazonaws.com', OriginPath: '' }],
        },
        DefaultCacheBehavior: behavior,
        CacheBehaviors: {
          Quantity: 1,
          Items: [
            {
              ...behavior,
              PathPattern: '/private/*',
              TrustedKeyGroups: { Enabled: true, Quantity: 1, Items: ['viewers'] },
            },
          ],
        },
        Enabled: true,
      },
    },
    'key-groups/viewers.json': { KeyGroup: { Id: 'viewers', KeyGroupConfig: { Items: ['K1'] } } },
    'public-keys/k1.json': {
      PublicKey: {
        Id: 'K1',
        PublicKeyConfig: { EncodedKey: publicKey.export({ type: 'spki', format: 'pem' }) },
      },
    },
    'edge.json': { origins: { media: { folder: '../media' } } },
  };
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
