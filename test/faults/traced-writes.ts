import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { quoted, unhex } from './strace-text.js';

/** What a process did to the files of a folder, and the cookies that it sent, in the order in which it happened. */
export type TracedEvent = { readonly atEpochMilliseconds: number } & (
  | { readonly kind: 'write'; readonly path: string; readonly offset: number; readonly bytes: Buffer }
  /** Cut off or made longer with zeros; `grow` never cuts. */
  | { readonly kind: 'resize' | 'grow'; readonly path: string; readonly size: number }
  | { readonly kind: 'create' | 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  /** `sync-begin` and `sync-end` of one thread belong together: what was written before the first is safe after the second. */
  | { readonly kind: 'sync-begin' | 'sync-end'; readonly path: string; readonly thread: string }
  | { readonly kind: 'sent'; readonly text: string }
);

const MODELLED =
  'openat,write,writev,pwrite64,pwritev,lseek,fsync,fdatasync,ftruncate,fallocate,rename,unlink';
/** Ways to change a file that this reading does not follow: in the folder they are an error of the test. */
const REFUSED =
  'open,creat,truncate,pwritev2,renameat,renameat2,unlinkat,link,linkat,copy_file_range,sendfile,splice';

/** The command before the traced one; the traced process keeps its place and its id, and strace ends with it. */
export function straceTo(file: string): readonly string[] {
  const flags = ['-D', '-f', '--seccomp-bpf', '-q', '-y', '-xx', '-s', '40000000', '-ttt', '-T'];
  return ['strace', ...flags, '-e', `trace=${MODELLED},${REFUSED}`, '-e', 'signal=none', '-o', file];
}

const LINE = /^(\d+)\s+(\d+\.\d+) (.*)$/s;
const DURATION = / <(\d+\.\d+)>$/;

/** Reads what strace wrote of the files below the folder. @throws {Error} at a call that is not followed */
export async function* tracedEvents(file: string, folder: string): AsyncGenerator<TracedEvent> {
  const calls = new CallReader(folder);
  const unfinished = new Map<string, string>();
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const [, thread = '', seconds = '', text = ''] = LINE.exec(line) ?? [];
    let at = Number(seconds) * 1000;
    let call = text;
    if (text.endsWith(' <unfinished ...>')) {
      const begun = text.slice(0, -' <unfinished ...>'.length);
      unfinished.set(thread, begun);
      yield* calls.begun(begun, thread, at);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text)?.[0];
    if (resumed === undefined) {
      yield* calls.begun(call, thread, at);
      at += Number(DURATION.exec(call)?.[1] ?? 0) * 1000;
    } else {
      call = (unfinished.get(thread) ?? '') + text.slice(resumed.length);
      unfinished.delete(thread);
    }
    yield* calls.ended(call, thread, at);
  }
}

/** Takes the text of one call apart, and knows how far each open file was written with plain `write`. */
class CallReader {
  readonly #folder: string;
  readonly #positions = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  *begun(call: string, thread: string, at: number): Generator<TracedEvent> {
    const path = /^f(?:data)?sync\(\d+<([^>]*)>/.exec(call)?.[1];
    if (path === undefined || !this.#isOurs(unhex(path))) return;
    yield { kind: 'sync-begin', path: unhex(path), thread, atEpochMilliseconds: at };
  }

  *ended(call: string, thread: string, atEpochMilliseconds: number): Generator<TracedEvent> {
    const [, name = '', rest = '', result = ''] = /^(\w+)\((.*)\) += (-?\d+)/s.exec(call) ?? [];
    if (result === '' || result.startsWith('-')) return;
    const at = { atEpochMilliseconds };
    const [, fd = '', hexPath = '', after = ''] =
      /^(\d+)<([^>]*)>(?:\(deleted\))?(?:, )?(.*)$/s.exec(rest) ?? [];
    const path = unhex(hexPath);
    const key = `${thread} ${fd}`;
    if (name === 'write' && path.startsWith('socket:')) yield* sentBy(after, at);
    if (name === 'writev' && path.startsWith('socket:')) yield* sentBy(after, at);
    if (name === 'openat') yield* this.#opened(rest, call, thread, at);
    if (name === 'rename' || name === 'unlink') {
      const [from = '', to = ''] = quoted(rest).map((text) => resolve(this.#folder, text.toString()));
      if (this.#isOurs(from))
        yield name === 'rename' ? { kind: name, path: from, to, ...at } : { kind: name, path: from, ...at };
    }
    if (!this.#isOurs(path)) return;
    const numbers =
      after
        .replaceAll(/"[^"]*"|\[.*\]/gs, '')
        .match(/\d+/g)
        ?.map(Number) ?? [];
    switch (name) {
      case 'lseek':
        this.#positions.set(key, Number(result));
        return;
      case 'fsync':
      case 'fdatasync':
        yield { kind: 'sync-end', path, thread, ...at };
        return;
      case 'ftruncate':
        yield { kind: 'resize', path, size: numbers[0] ?? 0, ...at };
        return;
      case 'fallocate':
        yield { kind: 'grow', path, size: (numbers.at(-2) ?? 0) + (numbers.at(-1) ?? 0), ...at };
        return;
      case 'write':
      case 'writev':
      case 'pwrite64':
      case 'pwritev': {
        const bytes = Buffer.concat(quoted(after)).subarray(0, Number(result));
        if (bytes.length !== Number(result)) throw new Error(`expected all bytes of ${call.slice(0, 200)}`);
        const isPlain = name === 'write' || name === 'writev';
        const offset = isPlain ? this.#positions.get(key) : numbers.at(-1);
        if (offset === undefined) throw new Error(`expected to know where ${call.slice(0, 200)} writes`);
        if (isPlain) this.#positions.set(key, offset + bytes.length);
        yield { kind: 'write', path, offset, bytes, ...at };
        return;
      }
      default:
        throw new Error(`expected no ${name} in the folder: ${call.slice(0, 200)}`);
    }
  }

  *#opened(
    rest: string,
    call: string,
    thread: string,
    at: { readonly atEpochMilliseconds: number },
  ): Generator<TracedEvent> {
    const [, fd = '', hexPath = ''] = / = (\d+)<([^>]*)>/.exec(call) ?? [];
    const path = unhex(hexPath);
    if (!this.#isOurs(path)) return;
    this.#positions.set(`${thread} ${fd}`, 0);
    if (rest.includes('O_CREAT')) yield { kind: 'create', path, ...at };
    if (rest.includes('O_TRUNC')) yield { kind: 'resize', path, size: 0, ...at };
  }

  #isOurs(path: string): boolean {
    return path === this.#folder || dirname(path).startsWith(this.#folder);
  }
}

function* sentBy(argument: string, at: { readonly atEpochMilliseconds: number }): Generator<TracedEvent> {
  const text = Buffer.concat(quoted(argument)).toString();
  if (text.includes('CloudFront-Policy=')) yield { kind: 'sent', text, ...at };
}
