import type { ViewerRequest } from './viewer-request.js';

/** What a line of the log is about: without the query, which may hold a signature, and without any header. */
type LoggedRequest = Pick<ViewerRequest, 'method' | 'host' | 'path'>;

/** The edge's own log, one line each; the viewer never sees any of it. */
export class EdgeLog {
  constructor(private readonly write: (line: string) => void) {}

  refused(request: LoggedRequest, status: number, facts: Readonly<Record<string, string>>): void {
    const details = Object.entries(facts).map(([name, value]) => ` ${name}=${value}`);
    this.write(`edge refused ${status} ${describe(request)}${details.join('')}`);
  }

  notice(request: LoggedRequest, notice: string): void {
    this.write(`edge notice ${describe(request)} ${notice}`);
  }

  /** A WebSocket that is over. */
  webSocket(request: LoggedRequest, facts: Readonly<Record<string, string | number>>): void {
    const details = Object.entries(facts).map(([name, value]) => ` ${name}=${value}`);
    this.write(`edge websocket ${describe(request)}${details.join('')}`);
  }

  failed(request: LoggedRequest, reason: string): void {
    this.write(`edge failed ${describe(request)} ${reason}`);
  }

  /** A line that is about no request. */
  say(text: string): void {
    this.write(`edge ${text}`);
  }
}

function describe({ method, host, path }: LoggedRequest): string {
  return `${method} ${printable(host)} ${JSON.stringify(printable(path))}`;
}

/** A terminal must not obey what a viewer sends. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300);
}
