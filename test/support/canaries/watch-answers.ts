import type { Server, ServerResponse } from 'node:http';
import { keepToken, secretsIn } from './canaries.js';

/** What the client is meant to get, and nobody else: kept from the moment it leaves. */
const GIVEN = /^(CloudFront-(?:Policy|Signature))=([^;]+)/;
/** The same in the body of `POST /signed-urls`. */
const GIVEN_IN_URL = /(?<=[?&](Policy|Signature)=)[A-Za-z0-9~_-]+/g;

/**
 * Searches every answer of a server for secrets, and keeps the cookie values that it gives, so that the log
 * can be searched for them. `onSecret` gets one line for each.
 */
export function watchAnswers(server: Server, onSecret: (line: string) => void): void {
  server.prependListener('request', (request, response) => {
    const chunks: Buffer[] = [];
    const keep = (chunk: unknown): void => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
    };
    const write = response.write.bind(response) as (...of: unknown[]) => boolean;
    const end = response.end.bind(response) as (...of: unknown[]) => ServerResponse;
    response.write = (...of: unknown[]) => {
      keep(of[0]);
      return write(...of);
    };
    response.end = (...of: unknown[]) => {
      keep(of[0]);
      const { 'set-cookie': lines, ...headers } = response.getHeaders();
      const name = `the answer to ${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`;
      const body = Buffer.concat([Buffer.from(JSON.stringify(headers)), ...chunks]).toString('latin1');
      const givesUrl = response.statusCode === 201 && name.endsWith('/signed-urls');
      const others = givesUrl ? body.replaceAll(GIVEN_IN_URL, '') : body;
      for (const secret of secretsIn(Buffer.from(others, 'latin1'))) onSecret(`${name}: ${secret}`);
      for (const [value, parameter] of givesUrl ? body.matchAll(GIVEN_IN_URL) : []) {
        keepToken(`CloudFront-${parameter} of a signed URL`, value);
      }
      for (const line of Array.isArray(lines) ? lines : []) {
        const others = secretsIn(line).filter((secret) => !secret.startsWith('CloudFront-'));
        for (const secret of others) onSecret(`Set-Cookie of ${name}: ${secret}`);
        const [, cookie, value] = GIVEN.exec(line) ?? [];
        if (cookie !== undefined && value !== undefined) keepToken(`${cookie} of a grant`, value);
      }
      return end(...of);
    };
  });
}
