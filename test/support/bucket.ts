import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { readDistribution } from '../../packages/edge/src/distribution/read-distribution.js';
import type { EdgeAnswer } from '../../packages/edge/src/edge-answer.js';
import { FolderOrigin } from '../../packages/edge/src/origin/folder-origin.js';
import { readObject } from '../../packages/edge/src/origin/open-object.js';
import { distributionOf, openBehavior, writeFolder } from './edge-fixture.js';

/** An object of the bucket and the headers that S3 sends with it, whatever the page. */
export const OBJECT = { key: 'a.txt', content: '0123456789', modifiedEpochSeconds: 1_700_000_000 };
const IDENTITY: readonly (readonly [string, string])[] = [
  ['Last-Modified', 'Tue, 14 Nov 2023 22:13:20 GMT'],
  ['ETag', '"781e5e245d69b566979b86e28d23f2c7"'],
  ['x-amz-server-side-encryption', 'AES256'],
];
export const OBJECT_HEADERS: readonly (readonly [string, string])[] = [
  ['Content-Type', 'text/plain'],
  ['Content-Length', '10'],
  ...IDENTITY,
  ['Accept-Ranges', 'bytes'],
  ['Server', 'AmazonS3'],
];
export const NOT_MODIFIED_HEADERS = [...IDENTITY, ['Server', 'AmazonS3'] as const];

/** What a bucket is asked, as header lines. */
export interface BucketQuestion {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A bucket of a folder with these rules (`get-bucket-cors`), and what `edge.json` says besides. */
export function bucket(rules: readonly object[] | null, edge: object = {}, origin: object = {}) {
  const { folder, media } = writeFolder({
    defaultBehavior: openBehavior(),
    files: { [OBJECT.key]: OBJECT.content },
    edge: { origins: { media: { folder: '../media', ...origin } }, ...edge },
    extra: rules === null ? {} : { 'bucket-cors.json': { CORSRules: rules } },
  });
  utimesSync(join(media, OBJECT.key), OBJECT.modifiedEpochSeconds, OBJECT.modifiedEpochSeconds);
  const description = distributionOf(readDistribution(folder)).origins.get('media');
  if (description?.kind !== 'folder') throw new Error('the fixture has no folder');
  const s3 = new FolderOrigin(description);
  return {
    media,
    /** The answer with its body read and its file closed. */
    ask: async (question: BucketQuestion = {}) => {
      const { method = 'GET', path = `/${OBJECT.key}`, query = null, headers = {} } = question;
      const answer = await s3.answer({ method, path, query, headers, body: null, signal: null });
      return { status: answer.status, headers: answer.headers, body: await bodyOf(answer) };
    },
  };
}

async function bodyOf({ body }: EdgeAnswer): Promise<string> {
  if (body.kind === 'empty') return '';
  if (body.kind === 'text') return body.text;
  if (body.kind !== 'object') throw new Error(`a folder sends no ${body.kind}`);
  const chunks: Buffer[] = [];
  for await (const chunk of readObject(body.object, body.firstByte, body.byteLength)) chunks.push(chunk);
  await body.object.handle.close();
  return Buffer.concat(chunks).toString();
}
