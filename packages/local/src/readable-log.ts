/** A visitor's text must not move the cursor or colour the terminal, nor fake a line of its own. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const WARNING = 40;
const NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warning',
  50: 'error',
  60: 'fatal',
};

/**
 * A line of the API's log for the terminal: `API warning: the message (reason=x)`. The line is JSON; one of
 * another kind stays as it is.
 */
export function readable(line: string): { readonly text: string; readonly isWarning: boolean } {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { text: printable(line.trimEnd()), isWarning: true };
  }
  // The person at the terminal sees when, and that it is this API.
  const { level, msg, time: _time, context: _context, stack, ...rest } = entry;
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const text = printable(
    [
      `API ${NAMES[Number(level)] ?? 'note'}:`,
      ...(typeof msg === 'string' ? [msg] : []),
      ...(details.length > 0 ? [`(${details.join(' ')})`] : []),
    ].join(' '),
  );
  return {
    text: typeof stack === 'string' ? `${text}\n${stack.split('\n').map(printable).join('\n')}` : text,
    isWarning: Number(level) >= WARNING,
  };
}

function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
