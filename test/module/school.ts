import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { LINKED_PACKAGES } from '../support/link-package.js';
import { NOT_KEPT, startProcess, type RunningProcess } from '../support/processes.js';
import { IS_LINKED } from './packed-host.js';

export const SITE = 'https://www.school.example.com';

const PASSWORDS = {
  tom: 'chalk-and-blackboard',
  sam: 'x-squared-plus-one',
  mia: 'only-for-a-trial',
  pat: 'when-is-homework',
} as const;

/** An answer of the school: its `Set-Cookie` lines one by one, its body read. */
export interface SchoolAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly setCookies: readonly string[];
  readonly body: unknown;
}

/** What a browser would add to a call. */
export interface SchoolCall {
  readonly cookie?: string;
  readonly origin?: string;
  readonly body?: unknown;
}

/** The example as a process of its own, with none of this repository's environment. */
export class School {
  readonly #sessions = new Map<string, Promise<string>>();

  private constructor(
    readonly url: string,
    readonly auditFile: string,
    readonly process: RunningProcess,
  ) {}

  static async start(folder: string): Promise<School> {
    const port = await freePort();
    const started = startSchool(folder, { LISTEN_PORT: String(port) });
    await started.waitForLine(/^the school listens on /);
    return new School(`http://127.0.0.1:${port}`, join(folder, 'audit.jsonl'), started);
  }

  async call(method: string, path: string, { cookie, origin, body }: SchoolCall = {}): Promise<SchoolAnswer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(cookie === undefined ? {} : { Cookie: cookie }),
        ...(origin === undefined ? {} : { Origin: origin }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      setCookies: response.headers.getSetCookie(),
      body: text === '' ? null : (JSON.parse(text) as unknown),
    };
  }

  /** Gives the session cookie of a member, as a Cookie header: each signs in once, which takes a tenth of a second of work. */
  signIn(name: keyof typeof PASSWORDS): Promise<string> {
    const session = this.#sessions.get(name) ?? this.#signInAnew(name);
    this.#sessions.set(name, session);
    return session;
  }

  async #signInAnew(name: keyof typeof PASSWORDS): Promise<string> {
    const { setCookies } = await this.call('POST', '/session', {
      body: { name, password: PASSWORDS[name] },
    });
    return pair(setCookies, 'school_session');
  }

  /** `POST /grants` from the school's own page. */
  ask(cookie: string, prefix: string): Promise<SchoolAnswer> {
    return this.call('POST', '/grants', { cookie, origin: SITE, body: { prefix } });
  }
}

/** Starts the compiled example in a folder with these settings of its own. */
export function startSchool(folder: string, settings: Readonly<Record<string, string>>): RunningProcess {
  // Another Node under `npm run matrix`.
  const node = process.env['EDGEPASS_HOST_NODE'] ?? process.execPath;
  const linked = IS_LINKED ? { NODE_OPTIONS: LINKED_PACKAGES } : {};
  return startProcess(node, ['dist/main.js'], {
    cwd: folder,
    environment: { ...NOT_KEPT, ...linked, ...settings },
  });
}

/** `name=value` of the cookie that an answer sets; throws when it sets none. */
export function pair(setCookies: readonly string[], name: string): string {
  const line = setCookies.find(
    (candidate) => candidate.slice(0, candidate.indexOf('=')).startsWith(name) && !/^[^=]*=;/.test(candidate),
  );
  if (line === undefined) throw new Error(`expected a cookie ${name}, found ${setCookies.length} lines`);
  return line.slice(0, line.indexOf(';'));
}

/** Its value alone. */
export function valueOf(setCookies: readonly string[], name: string): string {
  const found = pair(setCookies, name);
  return found.slice(found.indexOf('=') + 1);
}
