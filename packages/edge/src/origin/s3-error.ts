import { randomBytes } from 'node:crypto';
import { textAnswer, type EdgeAnswer } from '../edge-answer.js';
import { escapeXml } from '../xml.js';

/** The errors that a bucket gives through CloudFront, at either of its endpoints. */
export const S3_ERRORS = {
  AccessDenied: { status: 403, message: 'Access Denied' },
  AccessForbidden: { status: 403, message: 'CORSResponse: CORS is not enabled for this bucket.' },
  BadRequest: { status: 400, message: 'Insufficient information. Origin request header needed.' },
  NoSuchKey: { status: 404, message: 'The specified key does not exist.' },
  InvalidArgument: { status: 400, message: 'Header value cannot be represented using ISO-8859-1.' },
  InvalidRequest: {
    status: 400,
    message: 'Request specific response headers cannot be used for anonymous GET requests.',
  },
  InvalidURI: { status: 400, message: "Couldn't parse the specified URI." },
  PreconditionFailed: {
    status: 412,
    message: 'At least one of the pre-conditions you specified did not hold',
  },
  InvalidRange: { status: 416, message: 'The requested range is not satisfiable' },
  MethodNotAllowed: {
    status: 405,
    message: 'The specified method is not allowed against this resource.',
  },
  InternalError: { status: 500, message: 'We encountered an internal error. Please try again.' },
} as const;

/**
 * S3's error XML (R111): unlike CloudFront's own it is `application/xml` and ends with two ids. Its message
 * is that of the code unless another is given.
 */
export function s3Error(
  code: keyof typeof S3_ERRORS,
  details: Readonly<Record<string, string>> = {},
  message: string = S3_ERRORS[code].message,
): EdgeAnswer {
  const { status } = S3_ERRORS[code];
  const members = {
    Code: code,
    Message: message,
    ...details,
    ...newS3Ids(),
  };
  const xml = Object.entries(members).map(
    ([name, value]) => `<${name}>${escapeXml(printable(value))}</${name}>`,
  );
  const answer = textAnswer(
    status,
    'application/xml',
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${xml.join('')}</Error>`,
  );
  return { ...answer, headers: [['Server', 'AmazonS3'], ...answer.headers] };
}

/** A key comes from the request: no byte of it may be one that XML or a header forbids. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}

/** The two ids at the end of each error of S3. */
export function newS3Ids(): { readonly RequestId: string; readonly HostId: string } {
  return {
    RequestId: randomBytes(8).toString('hex').toUpperCase(),
    HostId: randomBytes(56).toString('base64'),
  };
}
