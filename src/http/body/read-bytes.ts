import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';

/**
 * All bytes of a body, at most `limitBytes`. Refuses as soon as the limit is known to be passed: at once
 * for an announced length (M16), with the byte too many for a chunked body (M17).
 *
 * @throws Problem `body_too_large`, or `request_malformed` when the caller broke off
 */
export function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes)
    return Promise.reject(tooLarge(limitBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    const onData = (chunk: Buffer): void => {
      receivedBytes += chunk.byteLength;
      if (receivedBytes <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData).pause();
      reject(tooLarge(limitBytes));
    };
    request.on('data', onData);
    let isWhole = false;
    request.once('end', () => {
      isWhole = true;
      resolve(Buffer.concat(chunks));
    });
    request.once('error', (cause) => reject(brokenOff(cause)));
    // Every request closes in the end; an error with its stack is made only for one that broke off.
    request.once('close', () => {
      if (!isWhole) reject(brokenOff(undefined));
    });
  });
}

function tooLarge(limitBytes: number): Problem {
  return new Problem('body_too_large', { detail: `Send at most ${limitBytes} bytes` });
}

function brokenOff(cause: unknown): Problem {
  return new Problem('request_malformed', { reason: 'broken_off', cause });
}
