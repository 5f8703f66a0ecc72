import { textAnswer, type EdgeAnswer } from '../edge-answer.js';
import type { RefusalCode } from '../viewer-access/refusal.js';

/** The exact messages of CloudFront's own refusals (R51–R55); `denied` with a small d is not S3's. */
const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  MissingKey: 'Missing Key-Pair-Id query parameter or cookie value',
  AccessDenied: 'Access denied',
  InvalidKey: 'Unknown Key',
  MalformedPolicy: 'Malformed Policy',
  MalformedSignature: 'Could not unencode Signature',
};

/** The answer to a viewer who may not open an address: 403, one line of XML, nothing about the cause. */
export function viewerRefusal(code: RefusalCode): EdgeAnswer {
  return textAnswer(
    403,
    'text/xml',
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${MESSAGES[code]}</Message></Error>`,
  );
}
