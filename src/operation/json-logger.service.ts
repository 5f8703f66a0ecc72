import type { LoggerService, LogLevel } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { LogOutput } from './log-output.js';
import type { Settings } from '../settings/settings.js';

/** Where lines go; `linesLost` where lines can be lost. */
export interface LogDestination {
  readonly linesLost?: number;
  write(line: string): void;
}

/**
 * Nest's log as JSON lines. Nobody logs whole requests: the audit table is the record of what was granted,
 * and the log keeps the refusals with their reason. So there is no per-request child logger to pay for.
 */
export class JsonLogger implements LoggerService {
  readonly #logger: Logger;
  readonly #output: LogDestination;

  /** @param output stdout when absent */
  constructor(level: Settings['logLevel'], output: LogDestination = standardOutput()) {
    this.#output = output;
    this.#logger = pino({ level, base: null }, output);
  }

  /** Lines that could not be written. */
  get linesLost(): number {
    return this.#output.linesLost ?? 0;
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  setLogLevels(_levels: LogLevel[]): void {
    // LOG_LEVEL decides, once, at start.
  }

  /** Nest hands the context last; an entry of ours is an object and already says all it may. */
  #write(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', message: unknown, rest: unknown[]) {
    const context = rest.findLast((part) => typeof part === 'string');
    const stack = rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};
    if (typeof message === 'object' && message !== null) {
      this.#logger[level]({ context, ...message });
    } else {
      this.#logger[level]({ context, ...stack }, String(message));
    }
  }
}

/**
 * Where stdout is a pipe, Node makes it non-blocking once `process.stdout` is touched. Written to as the plain
 * descriptor 1, a pipe whose reader stands still would hold the whole service (D19).
 */
function standardOutput(): LogDestination {
  return new LogOutput(process.stdout.fd);
}
