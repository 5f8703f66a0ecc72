import { Worker } from 'node:worker_threads';

/** Functions are meant to take less than a millisecond at CloudFront; here this only ends what never would. */
const TIME_LIMIT_MS = 1_000;
/** CloudFront gives a function 2 MB; V8 itself needs more than that. */
const MEMORY_LIMIT_MB = 32;

/** The programs of the functions by name (`programOf`), and the values of the key value stores by id. */
export interface FunctionSources {
  readonly functions: ReadonlyMap<string, string>;
  readonly keyValueStores: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** What stands between `import` and `from`: a name, names in braces, a name for all, or the first with one of these. */
const IMPORT_CLAUSE = /^(?:([\w$]+)(?:\s*,\s*(?=[{*])|$))?(?:\{([^{}]*)\}|\*\s*as\s+([\w$]+))?$/;

/**
 * What the worker runs for the code of a function: one text for the check at start and for each run, an expression that
 * gives a handler of events in JSON. The code begins on its second line.
 */
export function programOf(code: string): string {
  return `(async (require, console, event) => { const handler = (() => {\n${withoutImports(code)}\nreturn handler; })(); return JSON.stringify(await handler(JSON.parse(event))); })`;
}

/**
 * The code with its static imports as calls of `require`, on as many lines. Modules are those of the runtime alone;
 * what is no import of one stays, and is no JavaScript outside of a module.
 */
function withoutImports(code: string): string {
  return code.replaceAll(
    /^([ \t]*)import\b([\w\s$,{}*]*)\bfrom\s*(['"][\w-]+['"])/gm,
    (statement, blank: string, clause: string, module: string) => {
      const parts = IMPORT_CLAUSE.exec(clause.trim());
      if (parts === null) return statement;
      const [, first, names, whole] = parts;
      const bindings = [
        ...(first === undefined ? [] : [first]),
        ...(names === undefined ? [] : [`{${names.replaceAll(/\sas\s/g, ': ')}}`]),
        ...(whole === undefined ? [] : [whole]),
      ];
      return `${blank}const ${bindings.map((binding) => `${binding} = require(${module})`).join(', ')}`;
    },
  );
}

/** What a run gave. */
export type FunctionOutcome =
  | {
      /** What the handler returned, through JSON; undefined where that is nothing. */
      readonly returned: unknown;
      /** The origin that the function chose (`cf.selectRequestOriginById`). */
      readonly originId: string | null;
      readonly printed: readonly string[];
    }
  | { readonly failure: string; readonly printed: readonly string[] };

/** One call in the queue. */
interface Call {
  readonly name: string;
  readonly event: string;
  readonly settle: (outcome: FunctionOutcome) => void;
}

/**
 * Runs CloudFront Functions (runtime 2.0) in a worker of their own, one call after the other, with a limit of time and
 * memory. A call that passes a limit takes its worker with it, and no other call.
 */
export class FunctionRunner {
  private readonly queue: Call[] = [];
  private worker: Worker | null = null;
  private running: { readonly call: Call; readonly timer: NodeJS.Timeout } | null = null;

  constructor(
    private readonly sources: FunctionSources,
    private readonly timeLimitMilliseconds = TIME_LIMIT_MS,
  ) {}

  /** Runs the handler of a function with an event. Never rejects. */
  run(name: string, event: object): Promise<FunctionOutcome> {
    return new Promise((settle) => {
      this.queue.push({ name, event: JSON.stringify(event), settle });
      this.next();
    });
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
    this.worker = null;
  }

  private next(): void {
    const call = this.running === null ? this.queue.shift() : undefined;
    if (call === undefined) return;
    const timer = setTimeout(() => {
      this.discardWorker();
      this.settle({ failure: `took longer than ${this.timeLimitMilliseconds} ms`, printed: [] });
    }, this.timeLimitMilliseconds);
    this.running = { call, timer };
    this.worker ??= this.start();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of Node has no origin
    this.worker.postMessage({ name: call.name, event: call.event });
  }

  private settle(outcome: FunctionOutcome): void {
    const { running } = this;
    if (running === null) return;
    clearTimeout(running.timer);
    this.running = null;
    running.call.settle(outcome);
    this.next();
  }

  private start(): Worker {
    const worker = new Worker(`(${runFunctions.toString()})()`, {
      eval: true,
      workerData: {
        functions: Object.fromEntries(this.sources.functions),
        keyValueStores: Object.fromEntries(this.sources.keyValueStores),
      },
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT_MB, stackSizeMb: 4 },
    });
    worker.on('message', (outcome: FunctionOutcome) => {
      if (worker === this.worker) this.settle(outcome);
    });
    worker.on('error', (error) => {
      if (worker !== this.worker) return;
      this.worker = null;
      this.settle({ failure: error.message, printed: [] });
    });
    worker.unref();
    return worker;
  }

  private discardWorker(): void {
    void this.worker?.terminate();
    this.worker = null;
  }
}

/**
 * The whole program of the worker: it is sent there as text, so nothing outside of it may be named in it. Each function
 * has a context of its own, in which names of Node are not offered. That is no sandbox (nodejs.org/api/vm.html: "not a
 * security mechanism"): the code is the user's own.
 */
function runFunctions(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const vm = process.getBuiltinModule('node:vm');
  const crypto = process.getBuiltinModule('node:crypto');
  const querystring = process.getBuiltinModule('node:querystring');
  const buffer = process.getBuiltinModule('node:buffer');
  const { inspect } = process.getBuiltinModule('node:util');
  const { functions, keyValueStores } = workerData as {
    readonly functions: Readonly<Record<string, string>>;
    readonly keyValueStores: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  type Handler = (
    require: (name: string) => unknown,
    console: object,
    event: string,
  ) => Promise<string | undefined>;
  const compiled = new Map<string, Handler>();

  const handlerOf = (name: string): Handler => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const context = vm.createContext(
      { Buffer: buffer.Buffer, atob, btoa, TextEncoder, TextDecoder },
      { codeGeneration: { strings: false, wasm: false } },
    );
    const script = new vm.Script(functions[name] ?? '', { filename: `functions/${name}.js`, lineOffset: -1 });
    const handler = script.runInContext(context) as Handler;
    compiled.set(name, handler);
    return handler;
  };

  const storeOf = (id: string | undefined) => {
    const ids = Object.keys(keyValueStores);
    const chosen = id !== undefined && ids.includes(id) ? id : ids.length === 1 ? ids[0] : undefined;
    if (chosen === undefined) throw new Error('no file in key-value-stores/ stands for this store');
    const values = keyValueStores[chosen] ?? {};
    return {
      get: async (key: string, { format = 'string' }: { format?: string } = {}) => {
        if (!Object.hasOwn(values, key)) throw new Error('KeyNotFound');
        const value = values[key] ?? '';
        if (format === 'json') return JSON.parse(value) as unknown;
        return format === 'bytes' ? buffer.Buffer.from(value) : value;
      },
      exists: async (key: string) => Object.hasOwn(values, key),
      count: async () => Object.keys(values).length,
      meta: async () => ({ keyCount: Object.keys(values).length }),
    };
  };

  parentPort?.on('message', ({ name, event }: { readonly name: string; readonly event: string }) => {
    const printed: string[] = [];
    let originId: string | null = null;
    const notFollowed = (what: string) => () => {
      throw new Error(`cf.${what} is not followed by the local edge`);
    };
    const cloudfront = {
      kvs: storeOf,
      selectRequestOriginById: (id: string) => {
        originId = id;
      },
      updateRequestOrigin: notFollowed('updateRequestOrigin'),
      createRequestOriginGroup: notFollowed('createRequestOriginGroup'),
    };
    const modules: Readonly<Record<string, unknown>> = {
      cloudfront: { default: cloudfront, ...cloudfront },
      crypto: { createHash: crypto.createHash, createHmac: crypto.createHmac },
      querystring,
      buffer: { Buffer: buffer.Buffer },
    };
    const load = (module: string) => {
      if (!Object.hasOwn(modules, module)) throw new Error(`there is no module ${module} in the runtime`);
      return modules[module];
    };
    const print = (...values: readonly unknown[]) => {
      printed.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '));
    };
    const answer = async (): Promise<object> => {
      try {
        const text = await handlerOf(name)(
          load,
          { log: print, error: print, warn: print, info: print },
          event,
        );
        return {
          returned: text === undefined ? undefined : (JSON.parse(text) as unknown),
          originId,
          printed,
        };
      } catch (error) {
        // What is thrown in the context is no Error of this one.
        const message = (error as { message?: unknown } | null)?.message;
        return { failure: typeof message === 'string' ? message : String(error), printed };
      }
    };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of Node has no origin
    void answer().then((outcome) => parentPort.postMessage(outcome));
  });
}
