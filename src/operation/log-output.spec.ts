import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { JsonLogger } from './json-logger.service.js';
import { LogOutput } from './log-output.js';

/** A file that takes so many bytes, then none until `space` is raised; and what it holds. */
function fileWithSpace(space: number, code: string) {
  const file = {
    space,
    text: '',
    tries: 0,
    write: (_descriptor: number, bytes: Uint8Array, offset: number): number => {
      file.tries += 1;
      const taken = bytes.subarray(offset, offset + file.space);
      if (taken.length === 0) throw Object.assign(new Error(code), { code });
      file.space -= taken.length;
      file.text += Buffer.from(taken).toString('utf8');
      return taken.length;
    },
  };
  return file;
}

describe('the output of the log', () => {
  it('writes lines as they are', () => {
    const path = join(temporaryFolder('log'), 'log');
    const descriptor = openSync(path, 'a');
    const output = new LogOutput(descriptor);
    output.write('{"msg":"één"}\n');
    output.write('{"msg":"two"}\n');
    closeSync(descriptor);
    expect([readFileSync(path, 'utf8'), output.linesLost]).toEqual(['{"msg":"één"}\n{"msg":"two"}\n', 0]);
  });

  it('counts lines that could not be written, and throws nothing (N46)', () => {
    // Every write to it is ENOSPC.
    const descriptor = openSync('/dev/full', 'w');
    const output = new LogOutput(descriptor);
    const logger = new JsonLogger('info', output);
    logger.log({ msg: 'one' });
    logger.error({ msg: 'two' });
    closeSync(descriptor);
    expect(output.linesLost).toBe(2);
  });

  it('begins a new line after one that was cut off', () => {
    const file = fileWithSpace(5, 'ENOSPC');
    const output = new LogOutput(1, file.write);
    output.write('first\n');
    output.write('second\n');
    file.space = 100;
    output.write('third\n');
    expect([file.text, output.linesLost]).toEqual(['first\nthird\n', 2]);
  });

  it('waits a moment for a reader that cannot keep up, once, and not at every line', () => {
    const file = fileWithSpace(0, 'EAGAIN');
    const output = new LogOutput(1, file.write);
    output.write('first\n');
    const triesOfFirst = file.tries;
    output.write('second\n');
    expect([triesOfFirst, file.tries - triesOfFirst, output.linesLost]).toEqual([101, 1, 2]);
    file.space = 100;
    output.write('third\n');
    expect([file.text, output.linesLost]).toEqual(['third\n', 2]);
  });

  it('waits for a slow reader no longer than a millisecond a line (D19)', () => {
    const file = fileWithSpace(0, 'EAGAIN');
    const output = new LogOutput(1, file.write);
    for (let times = 0; times < 50; times++) {
      file.space = 6;
      output.write('read!\n');
      output.write('lost!\n');
    }
    // 100 tries, and one of which each lost line learns that it is lost; one more after each line that was read.
    expect([output.linesLost, file.tries]).toEqual([50, 50 + 50 + 100 + 49]);
  });
});
