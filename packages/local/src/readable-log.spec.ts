import { describe, expect, it } from '@jest/globals';
import { readable } from './readable-log.js';

describe("the API's log in the terminal", () => {
  it('is the message alone where that says all', () => {
    expect(readable('{"level":40,"time":1795170074902,"msg":"plain HTTP: no Secure"}\n')).toEqual({
      text: 'API warning: plain HTTP: no Secure',
      isWarning: true,
    });
  });

  it('names what else an entry says, and not when and where', () => {
    expect(
      readable('{"level":30,"time":1,"context":"Grants","msg":"refused","reason":"no_right","status":403}'),
    ).toEqual({
      text: 'API info: refused (reason=no_right status=403)',
      isWarning: false,
    });
  });

  it('keeps the stack of a bug', () => {
    expect(readable('{"level":50,"msg":"failed","stack":"Error: x\\n    at y"}').text).toBe(
      'API error: failed\nError: x\n    at y',
    );
  });

  it("does not let a visitor's text move the cursor or fake a line", () => {
    const line = JSON.stringify({ level: 30, msg: 'refused', path: '/\u001b[2Jx\nAPI info: granted' });
    expect(readable(line).text).toBe(String.raw`API info: refused (path=/\u001b[2Jx\u000aAPI info: granted)`);
  });

  it('passes on a line that is no entry', () => {
    expect(readable('out of memory\n')).toEqual({ text: 'out of memory', isWarning: true });
  });
});
