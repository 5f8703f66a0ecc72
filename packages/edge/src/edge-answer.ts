import type { Readable } from 'node:stream';
import type { HeaderList } from './header-list.js';
import { readObject, type OpenObject } from './origin/open-object.js';

/** The body of an answer. An open object or stream must be sent or closed by the code that holds the answer. */
export type AnswerBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | {
      readonly kind: 'object';
      readonly object: OpenObject;
      readonly firstByte: number;
      readonly byteLength: number;
    }
  | {
      readonly kind: 'stream';
      readonly stream: Readable;
      /** Null: only its end will tell. */
      readonly byteLength: number | null;
    };

/** An answer on its way to the viewer, as the origin or the edge made it. */
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: AnswerBody;
  /** One word for the edge's own log: why there is no file in this answer. */
  readonly reason?: string;
  /** Whose error it is, for that log; `S3` unless it is said. */
  readonly code?: string;
  /** No custom error page takes its place, as of what a function made (CF-EVENT). */
  readonly isFinal?: boolean;
  /** The origin gave no answer, this one is CloudFront's own (R122). */
  readonly isUnanswered?: boolean;
}

/** What is there at once, or comes: an answer from a copy needs no promise, and each of them takes time. */
export type Eventually<Value> = Value | Promise<Value>;

/** Goes on with a value, at once where it is there. */
export function whenReady<Value, Result>(
  value: Eventually<Value>,
  next: (value: Value) => Eventually<Result>,
): Eventually<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** A text answer with its length in bytes. */
export function textAnswer(status: number, contentType: string, text: string): EdgeAnswer {
  return {
    status,
    headers: [
      ['Content-Type', contentType],
      ['Content-Length', String(Buffer.byteLength(text))],
    ],
    body: { kind: 'text', text },
  };
}

/** Closes what an answer holds open, when it is not sent. */
export async function discard({ body }: EdgeAnswer): Promise<void> {
  if (body.kind === 'object') await body.object.handle.close();
  if (body.kind === 'stream') body.stream.destroy();
}

/** How long a body is, before it is read; null when nobody knows. */
export function bodyLength(body: AnswerBody): number | null {
  if (body.kind === 'object' || body.kind === 'stream') return body.byteLength;
  if (body.kind === 'bytes') return body.bytes.length;
  return body.kind === 'text' ? Buffer.byteLength(body.text) : 0;
}

/**
 * Reads a body into memory and closes its object. Rejects with ObjectChanged when the file was no longer
 * what was opened: then there is nothing to keep and nothing to send (E37).
 */
export async function readBody(body: Exclude<AnswerBody, { kind: 'stream' }>): Promise<Buffer> {
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
