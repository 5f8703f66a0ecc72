import { STATUS_CODES } from 'node:http';
import type { FolderOriginDescription, Website, WebsiteRedirect } from '../distribution/distribution.js';
import { textAnswer, type EdgeAnswer } from '../edge-answer.js';
import { headerOf, type HeaderList } from '../header-list.js';
import { escapeXml } from '../xml.js';
import { answerOptions, withBucketCors } from './bucket-cors.js';
import { FolderObjects, type FolderObject } from './folder-origin.js';
import { readObjectKey } from './object-key.js';
import type { AbsentObject } from './open-object.js';
import type { Origin, OriginRequest } from './origin.js';
import { newS3Ids, printable, S3_ERRORS } from './s3-error.js';

/** Metadata of an object that makes a website endpoint redirect (S3-WEB, how-to-page-redirect). */
const REDIRECT_LOCATION = 'x-amz-website-redirect-location';

/** An error of a website endpoint before it is written down. */
interface WebsiteError {
  readonly code: keyof typeof S3_ERRORS;
  readonly details: Readonly<Record<string, string>>;
  readonly reason: string;
}

type WebsiteDescription = Pick<
  FolderOriginDescription,
  'folder' | 'originPath' | 'bucketCors' | 'listBucket' | 'readableKeys' | 'objectHeaders' | 'domainName'
>;

/**
 * The website endpoint of a bucket, which a folder stands in for (R118): index documents, the error document,
 * redirects, errors in HTML. It reads GET and HEAD alone.
 */
export class WebsiteOrigin implements Origin {
  private readonly objects: FolderObjects;

  constructor(
    private readonly description: WebsiteDescription,
    private readonly website: Website,
  ) {
    this.objects = new FolderObjects(description);
  }

  async answer(request: OriginRequest): Promise<EdgeAnswer> {
    const { bucketCors } = this.description;
    if (request.method === 'OPTIONS') return answerOptions(bucketCors, request.headers, 'OBJECT');
    const answer = await this.answerSimple(request);
    return bucketCors === null ? answer : withBucketCors(answer, bucketCors, request.method, request.headers);
  }

  private async answerSimple(request: OriginRequest): Promise<EdgeAnswer> {
    const { redirectAllTo, routingRules, indexSuffix } = this.website;
    const key = this.keyOf(request);
    const wrongHost = this.bucketOfAnother(request);
    if (wrongHost !== null) return wrongHost;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const details = { Method: request.method, ResourceType: 'OBJECT' };
      return this.failed({ code: 'MethodNotAllowed', details, reason: 'method-of-no-website' }, request);
    }
    if (redirectAllTo !== null) return redirect(redirectAllTo, key, '', 301);
    const before = routingRules.find((rule) => rule.errorStatus === null && key.startsWith(rule.keyPrefix));
    if (before !== undefined) return redirect(this.hosted(before.redirect), key, before.keyPrefix, 301);
    const opened = await this.open(`${request.path}${request.path.endsWith('/') ? indexSuffix : ''}`);
    if ('object' in opened) return this.found(opened, request);
    const isFolder = !request.path.endsWith('/') && 'absent' in opened && opened.absent !== 'symbolic-link';
    const index = isFolder ? await this.open(`${request.path}/${indexSuffix}`) : opened;
    if ('object' in index) {
      await index.object.handle.close();
      return page(302, { Code: 'Found', Message: 'Resource Found' }, [['Location', `/${key}/`]]);
    }
    return this.failed(this.errorOf(opened, key), request);
  }

  private errorOf(opened: AbsentObject | { readonly unreadable: true }, key: string): WebsiteError {
    if ('unreadable' in opened) return { code: 'InvalidURI', details: {}, reason: 'path-not-decodable' };
    return this.description.listBucket && opened.absent !== 'bucket-policy'
      ? { code: 'NoSuchKey', details: { Key: key }, reason: opened.absent }
      : { code: 'AccessDenied', details: {}, reason: opened.absent };
  }

  private async open(
    path: string,
    originPath = this.description.originPath,
  ): Promise<FolderObject | AbsentObject | { readonly unreadable: true }> {
    const key = readObjectKey(originPath, path);
    if (key.kind === 'unreadable') return { unreadable: true };
    if (key.kind === 'missing') return { absent: 'no-such-file' };
    return this.objects.open(key.segments, path);
  }

  private async found(opened: FolderObject, request: OriginRequest): Promise<EdgeAnswer> {
    const location = headerOf(opened.headers, REDIRECT_LOCATION);
    if (location === undefined) return this.objects.answer(opened, request.headers);
    await opened.object.handle.close();
    return page(301, { Code: 'MovedPermanently', Message: 'Resource Moved' }, [['Location', location]]);
  }

  /** A routing rule for the status, the error document under the status of the error, or S3's own page. */
  private async failed(error: WebsiteError, request: OriginRequest): Promise<EdgeAnswer> {
    const { status, message } = S3_ERRORS[error.code];
    const { errorKey, routingRules } = this.website;
    const key = this.keyOf(request);
    const rule = routingRules.find((one) => one.errorStatus === status && key.startsWith(one.keyPrefix));
    if (rule !== undefined) return redirect(this.hosted(rule.redirect), key, rule.keyPrefix, 301);
    const members = { Code: error.code, Message: message, ...error.details };
    const headers: HeaderList = [
      ['x-amz-error-code', error.code],
      ['x-amz-error-message', message],
      ...Object.entries(error.details).map(
        ([name, value]) => [`x-amz-error-detail-${name}`, printable(value)] as const,
      ),
    ];
    if (errorKey === null) return { ...page(status, members, headers), reason: error.reason };
    // The key of the error document is that of the bucket, whatever OriginPath is.
    const opened = await this.open(`/${errorKey}`, '');
    if (!('object' in opened)) {
      const isDenied = 'absent' in opened && opened.absent === 'bucket-policy';
      const why = isDenied ? noErrorDocument('AccessDenied') : noErrorDocument('NoSuchKey', errorKey);
      return { ...page(status, members, headers, why), reason: error.reason };
    }
    // Neither a range nor a condition of the viewer is about the error document.
    const answer = await this.objects.answer(opened, {});
    return { ...answer, status, headers: [...headers, ...answer.headers], reason: error.reason };
  }

  private keyOf({ path }: OriginRequest): string {
    return [this.description.originPath, path.slice(1)].filter((part) => part !== '').join('/');
  }

  /** A website endpoint finds the bucket by `Host`: its own name, or that of the bucket alone (S3-WEB). */
  private bucketOfAnother({ headers }: OriginRequest): EdgeAnswer | null {
    const { domainName } = this.description;
    const { bucketName } = this.website;
    const host = headers.host?.toLowerCase();
    if (bucketName === null || host === undefined || host === domainName || host === bucketName) return null;
    const members = {
      Code: 'NoSuchBucket',
      Message: 'The specified bucket does not exist',
      BucketName: host,
    };
    return { ...page(404, members, []), reason: 'viewer-host-forwarded-to-s3' };
  }

  /** A rule that names no host redirects within the endpoint, whose own name the viewer then sees. */
  private hosted(rule: WebsiteRedirect): WebsiteRedirect {
    return { ...rule, hostName: rule.hostName ?? this.description.domainName };
  }
}

function redirect(to: WebsiteRedirect, key: string, keyPrefix: string, status: number): EdgeAnswer {
  const rest = key.slice(keyPrefix.length);
  const newKey =
    to.replaceKeyWith ?? (to.replaceKeyPrefixWith === null ? key : `${to.replaceKeyPrefixWith}${rest}`);
  const location = `${to.protocol ?? 'http'}://${to.hostName ?? ''}/${newKey}`;
  const code = to.status ?? status;
  const isPermanent = code === 301;
  const members = {
    Code: isPermanent ? 'MovedPermanently' : 'Found',
    Message: isPermanent ? 'Resource Moved' : 'Resource Found',
  };
  return page(code, members, [['Location', location]]);
}

function noErrorDocument(code: 'AccessDenied' | 'NoSuchKey', key: string | null = null): string {
  return `<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>
<ul>
<li>Code: ${code}</li>
<li>Message: ${S3_ERRORS[code].message}</li>
${key === null ? '' : `<li>Key: ${escapeXml(printable(key))}</li>\n`}</ul>
`;
}

/** The page that S3 itself writes at a website endpoint. */
function page(
  status: number,
  members: Readonly<Record<string, string>>,
  headers: HeaderList,
  more = '',
): EdgeAnswer {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  const items = Object.entries({ ...members, ...newS3Ids() }).map(
    ([name, value]) => `<li>${name}: ${escapeXml(printable(value))}</li>`,
  );
  const answer = textAnswer(
    status,
    'text/html; charset=utf-8',
    `<html>
<head><title>${title}</title></head>
<body>
<h1>${title}</h1>
<ul>
${items.join('\n')}
</ul>
${more}<hr/>
</body>
</html>
`,
  );
  return { ...answer, headers: [...headers, ...answer.headers, ['Server', 'AmazonS3']] };
}
