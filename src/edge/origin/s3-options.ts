import type { IncomingHttpHeaders } from 'node:http';
import type { EdgeAnswer } from '../edge-answer.js';
import { s3Error } from './s3-error.js';

/** What a bucket without CORS rules says to OPTIONS (R103). */
export function optionsWithoutCors(headers: IncomingHttpHeaders): EdgeAnswer {
  if (headers.origin === undefined) return { ...s3Error('BadRequest'), reason: 'options-without-origin' };
  const asked = headers['access-control-request-method'] ?? 'OPTIONS';
  return {
    ...s3Error('AccessForbidden', { Method: asked, ResourceType: 'BUCKET' }),
    reason: 'bucket-without-cors',
  };
}
