import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { lookup } from 'mime-types';
import type { FolderOriginDescription } from '../distribution/distribution.js';
import { patternCovers } from '../distribution/routing.js';
import type { EdgeAnswer } from '../edge-answer.js';
import { withHeader, type HeaderList } from '../header-list.js';
import { toHttpDate } from '../http-date.js';
import { answerFromWhole } from '../range-and-conditions.js';
import { wildcardMatcher } from '../wildcard.js';
import { answerOptions, withBucketCors } from './bucket-cors.js';
import { decodeOnce, readObjectKey } from './object-key.js';
import { openObject, type AbsentObject, type OpenObject } from './open-object.js';
import type { Origin, OriginRequest } from './origin.js';
import { s3Error } from './s3-error.js';

const CHUNK_BYTES = 64 * 1024;
/** Above this `aws s3 cp` uploads in parts, and S3's ETag is no longer the MD5 of the content. */
const MULTIPART_THRESHOLD_BYTES = 8 * 1024 * 1024;
const MAX_REMEMBERED = 10_000;

/** The parameters of a signed GET that name a header of its answer (R117). */
const RESPONSE_PARAMETERS: readonly (readonly [parameter: string, header: string])[] = [
  ['response-content-type', 'Content-Type'],
  ['response-content-language', 'Content-Language'],
  ['response-expires', 'Expires'],
  ['response-cache-control', 'Cache-Control'],
  ['response-content-disposition', 'Content-Disposition'],
  ['response-content-encoding', 'Content-Encoding'],
];

/** The REST endpoint of a bucket, which a folder stands in for (R94–R112, R116, R117). */
export class FolderOrigin implements Origin {
  private readonly objects: FolderObjects;

  constructor(
    private readonly description: Pick<
      FolderOriginDescription,
      'folder' | 'originPath' | 'bucketCors' | 'listBucket' | 'readableKeys' | 'objectHeaders' | 'isSigned'
    >,
  ) {
    this.objects = new FolderObjects(description);
  }

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
    const key = readObjectKey(this.description.originPath, request.path, ' ');
    if (key.kind === 'unreadable') return { ...s3Error('InvalidURI'), reason: 'path-not-decodable' };
    const named = namedHeaders(request.query);
    if (named.length > 0 && !this.description.isSigned) {
      return { ...s3Error('InvalidRequest'), reason: 'response-parameters-unsigned' };
    }
    const unwritable = named.find(([, value]) => !/^[\t\x20-\x7e\xa0-\xff]*$/.test(value));
    if (unwritable !== undefined) {
      const [parameter] = RESPONSE_PARAMETERS.find(([, header]) => header === unwritable[0]) ?? [''];
      return {
        ...s3Error('InvalidArgument', { ArgumentName: parameter }),
        reason: 'response-parameter-unwritable',
      };
    }
    if (key.kind === 'missing') return this.missing(key.text, 'key-not-servable');
    const object = await this.objects.open(key.segments, request.path);
    if ('absent' in object) return this.missing(key.segments.join('/'), object.absent);
    const headers = named.reduce((list, [name, value]) => withHeader(list, name, value), object.headers);
    return this.objects.answer({ ...object, headers }, request.headers);
  }

  /** R111: only callers who may list the bucket learn that a key is missing. */
  private missing(key: string, reason: AbsentObject['absent'] | 'key-not-servable'): EdgeAnswer {
    const isSaid = this.description.listBucket && reason !== 'bucket-policy';
    const answer = isSaid ? s3Error('NoSuchKey', { Key: key }) : s3Error('AccessDenied');
    return { ...answer, reason };
  }
}

/** The headers that a query asks for, decoded as a form is. */
function namedHeaders(query: string | null): HeaderList {
  const parts = query?.split('&') ?? [];
  return RESPONSE_PARAMETERS.flatMap(([parameter, header]) => {
    const part = parts.find((one) => one.startsWith(`${parameter}=`));
    if (part === undefined) return [];
    const value = part.slice(parameter.length + 1).replaceAll('+', ' ');
    return [[header, decodeOnce(value) ?? value] as const];
  });
}

/** An object of a folder with the headers of its whole 200. */
export interface FolderObject {
  readonly object: OpenObject;
  readonly headers: HeaderList;
}

/** The objects of a folder, as both endpoints of a bucket send them. */
export class FolderObjects {
  private readonly entityTags = new EntityTags();
  /** Of the keys that the bucket policy lets CloudFront read; null: nothing is known of it. */
  private readonly readable: readonly ((key: string) => boolean)[] | null;

  constructor(
    private readonly description: Pick<FolderOriginDescription, 'folder' | 'readableKeys' | 'objectHeaders'>,
  ) {
    this.readable = description.readableKeys?.map(wildcardMatcher) ?? null;
  }

  /** Opens an object that the bucket policy lets CloudFront read; the caller answers with it or closes it. */
  async open(segments: readonly string[], path: string): Promise<FolderObject | AbsentObject> {
    const key = segments.join('/');
    if (this.readable?.some((covers) => covers(key)) === false) return { absent: 'bucket-policy' };
    const object = await openObject(this.description.folder, segments);
    if ('absent' in object) return object;
    try {
      const headers: HeaderList = [
        ['Content-Type', contentTypeOf(segments.at(-1) ?? '')],
        ['Content-Length', String(object.byteLength)],
        ['Last-Modified', toHttpDate(object.lastModifiedEpochSeconds)],
        ['ETag', await this.entityTags.of(object)],
        ['x-amz-server-side-encryption', 'AES256'],
        ['Accept-Ranges', 'bytes'],
        ['Server', 'AmazonS3'],
      ];
      return { object, headers: this.withMetadata(headers, path) };
    } catch (error) {
      await object.handle.close();
      throw error;
    }
  }

  /** The 200 of an object, or the range or the 304 that was asked for. */
  async answer({ object, headers }: FolderObject, request: IncomingHttpHeaders): Promise<EdgeAnswer> {
    const { byteLength, lastModifiedEpochSeconds } = object;
    const whole: EdgeAnswer = {
      status: 200,
      headers,
      body: { kind: 'object', object, firstByte: 0, byteLength },
    };
    return answerFromWhole(whole, byteLength, request, lastModifiedEpochSeconds);
  }

  /**
   * The metadata that `objectHeaders` in edge.json gives the objects, as objects of a bucket carry the
   * `Cache-Control` they were stored with: the first pattern that covers the path and names the header decides.
   */
  private withMetadata(headers: HeaderList, path: string): HeaderList {
    return this.description.objectHeaders
      .filter(({ pathPattern }) => patternCovers(pathPattern, path))
      .toReversed()
      .flatMap((rule) => rule.headers)
      .reduce((list, [name, value]) => withHeader(list, name, value), headers);
  }
}

/** What `aws s3 cp` would have stored; S3 itself says `binary/octet-stream` when no type was given. */
function contentTypeOf(fileName: string): string {
  return lookup(fileName) || 'binary/octet-stream';
}

/** Makes the ETags of objects as S3 does and remembers them by version, so that a file is hashed once. */
class EntityTags {
  private readonly remembered = new Map<string, string>();

  /** The ETag in its quotes: MD5 of the content, or a hash of the version for what S3 takes in parts. */
  async of(object: OpenObject): Promise<string> {
    if (object.byteLength > MULTIPART_THRESHOLD_BYTES) {
      const parts = Math.ceil(object.byteLength / MULTIPART_THRESHOLD_BYTES);
      return `"${createHash('md5').update(object.version).digest('hex')}-${parts}"`;
    }
    const known = this.remembered.get(object.version);
    if (known !== undefined) return known;
    const tag = `"${await md5(object)}"`;
    if (this.remembered.size >= MAX_REMEMBERED) {
      for (const oldest of this.remembered.keys()) {
        this.remembered.delete(oldest);
        break;
      }
    }
    this.remembered.set(object.version, tag);
    return tag;
  }
}

async function md5(object: OpenObject): Promise<string> {
  const hash = createHash('md5');
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, object.byteLength));
  for (let position = 0; position < object.byteLength;) {
    const { bytesRead } = await object.handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hash.digest('hex');
}
