import type { AnswerBody } from '../edge-answer.js';
import { readObject } from '../origin/read-object.js';

/** How long a body is, before it is read. */
export function bodyLength(body: AnswerBody): number {
  if (body.kind === 'object') return body.byteLength;
  if (body.kind === 'bytes') return body.bytes.length;
  return body.kind === 'text' ? Buffer.byteLength(body.text) : 0;
}

/**
 * Reads a body into memory and closes its object. Rejects with ObjectChanged when the file was no longer
 * what was opened: then there is nothing to keep and nothing to send (E37).
 */
export async function readBody(body: AnswerBody): Promise<Buffer> {
  if (body.kind === 'bytes') return body.bytes;
  if (body.kind === 'text') return Buffer.from(body.text);
  if (body.kind === 'empty') return Buffer.alloc(0);
  try {
    const bytes = Buffer.allocUnsafeSlow(body.byteLength);
    let position = 0;
    for await (const chunk of readObject(body.object, body.firstByte, body.byteLength)) {
      position += chunk.copy(bytes, position);
    }
    return bytes;
  } finally {
    await body.object.handle.close();
  }
}
