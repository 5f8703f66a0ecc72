const MOST_SHOWN = 200;

/** Text for a terminal: no control characters, no more than a line. */
export function printable(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '?');
  return clean.length > MOST_SHOWN ? `${clean.slice(0, MOST_SHOWN - 1)}…` : clean;
}

/**
 * An address that is safe to print: without user, password and fragment. Of a query only the fact stays, because it may
 * hold a signature or a token.
 */
export function showUrl(url: string): string {
  if (!URL.canParse(url)) return printable(withoutQuery(url));
  const { protocol, host, pathname, search } = new URL(url);
  return printable(`${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`);
}

/** An address whose query and fragment are cut off. */
export function withoutQuery(url: string): string {
  const at = url.search(/[?#]/);
  return at === -1 ? url : `${url.slice(0, at)}?…`;
}

/** Every value that must not be printed, whatever a check writes: looked for in the finished report. */
export class Secrets {
  private readonly values = new Set<string>();

  add(value: string | null): void {
    // Shorter texts occur by chance and are no secrets worth the name.
    if (value !== null && value.length >= 12) this.values.add(value);
  }

  /** Collects what stands in the query of an address. */
  addQuery(url: string): void {
    if (!URL.canParse(url)) return;
    for (const [, value] of new URL(url).searchParams) this.add(value);
  }

  /** The text without any of them. */
  strip(text: string): string {
    let clean = text;
    for (const value of this.values) if (clean.includes(value)) clean = clean.replaceAll(value, '…');
    return clean;
  }
}
