/** One cookie as a request carries it. */
export interface SentCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * The cookies of a `Cookie` header whose name fits, in the order in which they were sent, several of one name
 * too: a parser that keeps one of them lets a page on another host below the same domain hide ours.
 * No decoding, because we write nothing that needs any.
 */
export function cookieValues(
  header: string | undefined,
  isAsked: (name: string) => boolean,
): readonly SentCookie[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const separator = pair.indexOf('=');
    const name = pair.slice(0, separator).trim();
    return separator !== -1 && isAsked(name) ? { name, value: pair.slice(separator + 1).trim() } : [];
  });
}
