import { inspect } from 'node:util';

/**
 * A text that must not be printed. It stays out of `console.log`, template texts, JSON and spreads;
 * only {@link Secret.reveal} gives it, so every place that uses it is found by that word.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
