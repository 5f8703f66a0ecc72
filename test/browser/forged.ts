import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeLeaf } from '../../packages/local/src/certificate-maker.js';
import type { LocalStack } from './local-stack.js';
import { serveHttps } from './own-server.js';

/** Serves as any name, with a leaf that is signed with the key in the data folder of a stack; gives the resolver rule. */
export async function serveForged({ dataFolder }: LocalStack, name: string): Promise<string> {
  const read = (file: string): string => readFileSync(join(dataFolder, 'tls', file), 'utf8');
  const authority = { certificatePem: read('ca.pem'), privateKeyPem: read('ca-key.pem') };
  const leaf = await makeLeaf(authority, { dns: [name], ips: [] }, Math.floor(Date.now() / 1000));
  const port = await serveHttps({ certificatePem: leaf.certificatePem, keyPem: leaf.privateKeyPem });
  return `MAP ${name}:443 127.0.0.1:${port}`;
}
