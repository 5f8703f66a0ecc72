import { textAnswer, type EdgeAnswer } from './edge-answer.js';
import type { ViewerRequest } from './viewer-request.js';

/**
 * What CloudFront answers to plain HTTP under `redirect-to-https`: 301 for GET and HEAD; 307 for any other
 * method, so that it is sent again with its body; null, which stands for a refusal, where the viewer's
 * HTTP/1.0 knows no 307.
 */
export function redirectToHttps(request: ViewerRequest): EdgeAnswer | null {
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (!isReading && request.httpVersion === '1.0') return null;
  const [status, title] = isReading ? [301, '301 Moved Permanently'] : [307, '307 Temporary Redirect'];
  const page = textAnswer(
    status,
    'text/html',
    [
      '<html>',
      `<head><title>${title}</title></head>`,
      '<body>',
      `<center><h1>${title}</h1></center>`,
      '<hr><center>CloudFront</center>',
      '</body>',
      '</html>',
      '',
    ].join('\r\n'),
  );
  const query = request.query === null ? '' : `?${request.query}`;
  return {
    ...page,
    headers: [...page.headers, ['Location', `https://${request.host}${request.path}${query}`]],
  };
}
