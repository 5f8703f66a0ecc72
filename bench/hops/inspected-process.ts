import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** What runs when the answer has gone out is part of the way. */
const AFTER_ANSWER_MILLISECONDS = 50;

/** A function of ours, as V8 counts its calls. */
interface CalledFunction {
  readonly scriptId: string;
  readonly url: string;
  readonly name: string;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly calls: number;
}

/** A file of ours that a request ran through. */
export interface FileOnTheWay {
  /** Of the source, from the folder of package.json. */
  readonly path: string;
  readonly lines: number;
  /** How often each function ran, in order of its first call. */
  readonly calls: ReadonlyMap<string, number>;
}

/** V8 reports what its inspector protocol calls `Profiler.FunctionCoverage`. */
interface Coverage {
  readonly result: readonly {
    readonly scriptId: string;
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly [
        { readonly startOffset: number; readonly endOffset: number; readonly count: number },
      ];
    }[];
  }[];
}

/**
 * Node's inspector of a process that was started with `--inspect`, with one session for each of its threads.
 * https://chromedevtools.github.io/devtools-protocol/v8/
 */
export class InspectedProcess {
  readonly #socket: WebSocket;
  /** Of the main thread, which has no id, and of each worker. */
  readonly #threads: (string | null)[] = [null];
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
  }

  /** Connects and has every thread count the calls of its functions from now on. */
  static async connect(port: number): Promise<InspectedProcess> {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly {
      readonly webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '');
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const inspected = new InspectedProcess(socket);
    await inspected.#send(null, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
    await inspected.#inEachThread(async (thread) => {
      await inspected.#send(thread, 'Debugger.enable');
      await inspected.#send(thread, 'Profiler.enable');
      await inspected.#send(thread, 'Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    });
    return inspected;
  }

  /**
   * The files of ours that every one of these requests runs through, in the order in which the last runs through them.
   * What only some of them run through is a timer that passed by.
   */
  async filesOnTheWay(requests: readonly (() => Promise<void>)[]): Promise<readonly FileOnTheWay[]> {
    const [last, ...others] = requests.toReversed();
    if (last === undefined) throw new Error('expected a request');
    const perThread = this.#threads.map(() => new Map<string, CalledFunction>());
    for (const [index, request] of others.entries()) {
      // oxlint-disable no-await-in-loop -- one after the other is the method
      await this.#inEachThread((thread) => this.#calledFunctions(thread));
      await request();
      await wait(AFTER_ANSWER_MILLISECONDS);
      const called = await this.#inEachThread((thread) => this.#calledFunctions(thread));
      // oxlint-enable no-await-in-loop
      for (const [thread, functions] of called.entries()) {
        const now = new Map(functions.map((one) => [`${one.url} ${one.startOffset}`, one]));
        const before = perThread[thread] ?? now;
        perThread[thread] = index === 0 ? now : new Map([...now].filter(([key]) => before.has(key)));
      }
    }
    await this.#inEachThread((thread, index) =>
      this.#noteCalls(thread, [...(perThread[index]?.values() ?? [])]),
    );
    await last();
    await wait(AFTER_ANSWER_MILLISECONDS);
    const noted = await this.#inEachThread((thread) => this.#notedCalls(thread));
    const inOrder = noted.flat().toSorted((a, b) => a.atMilliseconds - b.atMilliseconds);
    const calls = new Map<string, Map<string, number>>();
    for (const one of [...inOrder, ...perThread.flatMap((functions) => [...functions.values()])]) {
      const path = sourceOf(one.url);
      const ofFile = calls.get(path) ?? new Map<string, number>();
      calls.set(path, ofFile);
      if (!ofFile.has(one.name)) ofFile.set(one.name, one.calls);
    }
    return [...calls].map(([path, ofFile]) => ({ path, lines: linesOf(path), calls: ofFile }));
  }

  close(): void {
    this.#socket.close();
  }

  /** What ran since the last call, of files of ours. */
  async #calledFunctions(thread: string | null): Promise<readonly CalledFunction[]> {
    const { result } = (await this.#send(thread, 'Profiler.takePreciseCoverage')) as Coverage;
    return result
      .filter(({ url }) => isOurs(url))
      .flatMap(({ scriptId, url, functions }) =>
        functions
          .filter(({ ranges: [{ startOffset, count }] }) => count > 0 && startOffset > 0)
          .map(({ functionName, ranges: [{ startOffset, endOffset, count }] }) => ({
            scriptId,
            url,
            name: functionName === '' ? '(unnamed)' : functionName,
            startOffset,
            endOffset,
            calls: count,
          })),
      );
  }

  /** Coverage has no order: a breakpoint that never stops notes when each of the functions runs. */
  async #noteCalls(thread: string | null, functions: readonly CalledFunction[]): Promise<void> {
    await Promise.all(
      functions.map(async (one) => {
        const { scriptId } = one;
        const text = readFileSync(fileURLToPath(one.url), 'utf8');
        const { locations } = (await this.#send(thread, 'Debugger.getPossibleBreakpoints', {
          start: { scriptId, ...positionOf(text, one.startOffset) },
          end: { scriptId, ...positionOf(text, one.endOffset) },
          restrictToFunction: true,
        })) as { readonly locations: readonly object[] };
        const noted = JSON.stringify({ ...one, atMilliseconds: 0 });
        const condition = `(globalThis.__noted ??= []).push({ ...${noted}, atMilliseconds: performance.timeOrigin + performance.now() }), false`;
        await this.#send(thread, 'Debugger.setBreakpoint', { location: locations[0], condition }).catch(
          () => null,
        );
      }),
    );
  }

  async #notedCalls(
    thread: string | null,
  ): Promise<readonly (CalledFunction & { readonly atMilliseconds: number })[]> {
    const { result } = (await this.#send(thread, 'Runtime.evaluate', {
      expression: 'JSON.stringify(globalThis.__noted ?? [])',
    })) as { readonly result: { readonly value: string } };
    return JSON.parse(result.value) as readonly (CalledFunction & { readonly atMilliseconds: number })[];
  }

  #inEachThread<T>(ask: (thread: string | null, index: number) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(this.#threads.map(ask));
  }

  #send(thread: string | null, method: string, parameters: object = {}): Promise<unknown> {
    this.#lastId += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#lastId, answer);
    const message = { id: this.#lastId, method, params: parameters };
    if (thread === null) {
      this.#socket.send(JSON.stringify(message));
    } else {
      // What the wrapping message itself is answered has an id that nobody waits for.
      const wrapped = { sessionId: thread, message: JSON.stringify(message) };
      this.#socket.send(
        JSON.stringify({ id: -this.#lastId, method: 'NodeWorker.sendMessageToWorker', params: wrapped }),
      );
    }
    return answer.promise;
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as {
      readonly id?: number;
      readonly method?: string;
      readonly params?: { readonly sessionId: string; readonly message: string };
      readonly result?: unknown;
      readonly error?: { readonly message: string };
    };
    if (message.method === 'NodeWorker.attachedToWorker')
      this.#threads.push(message.params?.sessionId ?? null);
    if (message.method === 'NodeWorker.receivedMessageFromWorker')
      this.#receive(message.params?.message ?? '{}');
    const waiting = this.#waiting.get(message.id ?? 0);
    this.#waiting.delete(message.id ?? 0);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error.message));
  }
}

function isOurs(url: string): boolean {
  return (
    url.startsWith('file:') && /^(packages\/[a-z]+\/)?dist\//.test(relative(repository, fileURLToPath(url)))
  );
}

/** `dist/grants/grants.service.js` is compiled from `src/grants/grants.service.ts`, and the same below `packages/`. */
function sourceOf(url: string): string {
  return relative(repository, fileURLToPath(url))
    .replace(/(^|\/)dist\//, '$1src/')
    .replace(/\.js$/, '.ts');
}

function linesOf(path: string): number {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8').split('\n').length - 1;
}

/** Both count from 0. */
function positionOf(
  text: string,
  offset: number,
): { readonly lineNumber: number; readonly columnNumber: number } {
  const before = text.slice(0, offset).split('\n');
  return { lineNumber: before.length - 1, columnNumber: before.at(-1)?.length ?? 0 };
}
