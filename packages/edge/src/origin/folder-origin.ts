import type { IncomingHttpHeaders } from 'node:http';
import { lookup } from 'mime-types';
import { answerOptions } from '../bucket-cors/answer-options.js';
import { withBucketCors } from '../bucket-cors/cors-on-answer.js';
import type { FolderOriginDescription } from '../distribution/distribution.js';
import type { EdgeAnswer } from '../edge-answer.js';
import type { HeaderList } from '../header-list.js';
import { readByteRange } from './byte-range.js';
import { EntityTags } from './entity-tags.js';
import { readObjectKey } from './object-key.js';
import { openObject, type OpenObject } from './open-object.js';
import { evaluatePreconditions, rangeIsCurrent, toHttpDate } from './preconditions.js';
import type { Origin, OriginRequest } from './origin.js';
import { s3Error } from './s3-error.js';

/** A folder that answers as S3 behind origin access control does (R94–R112). */
export class FolderOrigin implements Origin {
  private readonly entityTags = new EntityTags();

  constructor(
    private readonly description: Pick<
      FolderOriginDescription,
      'folder' | 'originPath' | 'bucketCors' | 'listBucket'
    >,
  ) {}

  async answer(request: OriginRequest): Promise<EdgeAnswer> {
    const { bucketCors, originPath } = this.description;
    if (request.method === 'OPTIONS') {
      const isBucket = originPath === '' && request.path === '/';
      return answerOptions(bucketCors, request.headers, isBucket ? 'BUCKET' : 'OBJECT');
    }
    const answer = await this.answerSimple(request);
    return bucketCors === null ? answer : withBucketCors(answer, bucketCors, request.method, request.headers);
  }

  private async answerSimple(request: OriginRequest): Promise<EdgeAnswer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return s3Error('MethodNotAllowed');
    const key = readObjectKey(this.description.originPath, request.path);
    if (key.kind === 'unreadable') return { ...s3Error('InvalidURI'), reason: 'path-not-decodable' };
    if (key.kind === 'missing') return this.missing(key.text, 'key-not-servable');
    const object = await openObject(this.description.folder, key.segments);
    if ('absent' in object) return this.missing(key.segments.join('/'), object.absent);
    try {
      return await this.answerWith(object, key.segments.at(-1) ?? '', request.headers);
    } catch (error) {
      await object.handle.close();
      throw error;
    }
  }

  /** R111: only callers who may list the bucket learn that a key is missing. */
  private missing(key: string, reason: string): EdgeAnswer {
    const answer = this.description.listBucket ? s3Error('NoSuchKey', { Key: key }) : s3Error('AccessDenied');
    return { ...answer, reason };
  }

  private async answerWith(
    object: OpenObject,
    fileName: string,
    headers: IncomingHttpHeaders,
  ): Promise<EdgeAnswer> {
    const entityTag = await this.entityTags.of(object);
    const validators = { entityTag, lastModifiedEpochSeconds: object.lastModifiedEpochSeconds };
    const described: HeaderList = [
      ['Last-Modified', toHttpDate(object.lastModifiedEpochSeconds)],
      ['ETag', entityTag],
      ['x-amz-server-side-encryption', 'AES256'],
    ];
    const precondition = evaluatePreconditions(headers, validators);
    if (precondition === 'not-modified') {
      await object.handle.close();
      return { status: 304, headers: [...described, ['Server', 'AmazonS3']], body: { kind: 'empty' } };
    }
    if (precondition === 'failed') {
      await object.handle.close();
      return s3Error('PreconditionFailed', {
        Condition: headers['if-match'] === undefined ? 'If-Unmodified-Since' : 'If-Match',
      });
    }
    const range = rangeIsCurrent([headers['if-range']].flat()[0], validators)
      ? readByteRange(headers.range, object.byteLength)
      : ({ kind: 'whole' } as const);
    if (range.kind === 'unsatisfiable') {
      await object.handle.close();
      return rangeError(headers.range ?? '', object.byteLength);
    }
    const firstByte = range.kind === 'part' ? range.firstByte : 0;
    const lastByte = range.kind === 'part' ? range.lastByte : object.byteLength - 1;
    const byteLength = lastByte - firstByte + 1;
    return {
      status: range.kind === 'part' ? 206 : 200,
      headers: [
        ['Content-Type', contentTypeOf(fileName)],
        ['Content-Length', String(byteLength)],
        ...described,
        ['Accept-Ranges', 'bytes'],
        ...(range.kind === 'part'
          ? ([['Content-Range', `bytes ${firstByte}-${lastByte}/${object.byteLength}`]] as const)
          : []),
        ['Server', 'AmazonS3'],
      ],
      body: { kind: 'object', object, firstByte, byteLength },
    };
  }
}

function rangeError(range: string, byteLength: number): EdgeAnswer {
  const answer = s3Error('InvalidRange', {
    RangeRequested: range.slice(0, 200),
    ActualObjectSize: String(byteLength),
  });
  return { ...answer, headers: [...answer.headers, ['Content-Range', `bytes */${byteLength}`]] };
}

/** What `aws s3 cp` would have stored; S3 itself says `binary/octet-stream` when no type was given. */
function contentTypeOf(fileName: string): string {
  return lookup(fileName) || 'binary/octet-stream';
}
