import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalStack } from './local-stack.js';

/** What `@edgepass/cdk` synthesises for `cdn.example.com` and `https://app.example.com`. */
export const CDK_TEMPLATE = fileURLToPath(new URL('../../packages/cdk/template.json', import.meta.url));
const PAGE = 'https://app.example.com';

/**
 * The arguments of `edgepass edge` for that template in the place of a stack's own distribution: what differs on this
 * machine, its hosts and its key, stands in an edge.json of its own, as docs/templates.md says.
 */
export function argumentsOfTemplate(stack: LocalStack): readonly string[] {
  const { tls } = readJson(join(stack.distributionFolder, 'edge.json'));
  const folder = join(stack.distributionFolder, 'public-keys');
  const keys = readdirSync(folder).map((name) => {
    const { PublicKey: key } = readJson(join(folder, name)) as unknown as {
      readonly PublicKey: { readonly Id: string; readonly PublicKeyConfig: { readonly EncodedKey: string } };
    };
    return { id: key.Id, encodedKey: key.PublicKeyConfig.EncodedKey };
  });
  const { host } = new URL(stack.cdnUrl);
  const file = join(stack.dataFolder, 'edge-of-template.json');
  const edge = {
    origins: { media: { folder: stack.mediaFolder } },
    tls,
    publicHosts: { [host]: host },
    pageOrigins: { [stack.appUrl]: PAGE },
    extraPublicKeys: { [keyGroupOf(CDK_TEMPLATE)]: keys },
  };
  writeFileSync(file, JSON.stringify(edge));
  return ['--distribution', CDK_TEMPLATE, '--edge-json', file];
}

/** The logical id of the only key group. */
function keyGroupOf(template: string): string {
  const { Resources: resources } = readJson(template) as unknown as {
    readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
  };
  const [id = ''] =
    Object.entries(resources).find(([, { Type }]) => Type === 'AWS::CloudFront::KeyGroup') ?? [];
  return id;
}

function readJson(file: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
}
