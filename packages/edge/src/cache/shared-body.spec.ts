import { PassThrough, type Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { SharedBody } from './shared-body.js';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function stage(limitBytes: number, byteLength: number | null = null) {
  const source = new PassThrough();
  let takenBytes = 0;
  const limit = {
    reserve: (bytes: number) => {
      if (takenBytes + bytes > limitBytes) return false;
      takenBytes += bytes;
      return true;
    },
    release: () => {
      takenBytes = 0;
    },
  };
  const body = new SharedBody(source, byteLength, limit);
  return { source, body, taken: () => takenBytes };
}

function opened(body: SharedBody): Readable {
  const stream = body.open();
  if (stream === null) throw new Error('the beginning is gone');
  return stream.on('error', () => undefined);
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a body that several viewers read while it comes', () => {
  it('is whole for each of them, from the first byte on, and is kept', async () => {
    const { source, body, taken } = stage(100);
    const first = textOf(opened(body));
    source.write('01234');
    await settled();
    const second = textOf(opened(body));
    source.end('56789');
    expect(await Promise.all([first, second])).toEqual(['0123456789', '0123456789']);
    expect([(await body.whole)?.toString(), taken()]).toEqual(['0123456789', 0]);
  });

  it('goes on to the others when one of them leaves', async () => {
    const { source, body } = stage(100);
    const leaving = opened(body);
    const staying = textOf(opened(body));
    source.write('01234');
    await settled();
    leaving.destroy();
    source.end('56789');
    expect([await staying, (await body.whole)?.toString()]).toEqual(['0123456789', '0123456789']);
  });

  it('is let go, and not kept, when the last one leaves', async () => {
    const { source, body, taken } = stage(100);
    const only = opened(body);
    source.write('01234');
    await settled();
    only.destroy();
    expect([await body.whole, source.destroyed, taken()]).toEqual([null, true, 0]);
  });

  it('that does not fit is not kept, takes no further viewer, and comes whole all the same', async () => {
    const { source, body, taken } = stage(8);
    const first = textOf(opened(body));
    source.write('01234');
    source.write('56789');
    await settled();
    expect([await body.whole, body.open(), taken()]).toEqual([null, null, 0]);
    source.end('!');
    expect(await first).toBe('0123456789!');
  });

  it('that does not fit waits for the slowest viewer', async () => {
    const { source, body } = stage(0);
    const slow = opened(body);
    for (let chunk = 0; chunk < 8; chunk += 1) source.write(Buffer.alloc(64 * 1024));
    await settled();
    expect(source.isPaused()).toBe(true);
    const length = new Promise<number>((resolve) => {
      let bytes = 0;
      slow.on('data', (chunk: Buffer) => (bytes += chunk.length)).once('end', () => resolve(bytes));
    });
    source.end();
    expect(await length).toBe(8 * 64 * 1024);
  });

  it.each([
    ['breaks off', null, (source: PassThrough) => source.destroy(new Error('gone'))],
    ['is shorter than was said', 10, (source: PassThrough) => source.end()],
  ])('that %s is not kept', async (_what, byteLength, end) => {
    const { source, body, taken } = stage(100, byteLength);
    opened(body).resume();
    source.write('01234');
    await settled();
    end(source);
    expect([await body.whole, taken()]).toEqual([null, 0]);
  });
});
