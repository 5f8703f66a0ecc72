/** RFC 3339 with seconds and an offset, the form that every answer of ours uses. */
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Reads a timestamp into epoch seconds, rounded down; `null` when it is none or before 1970. */
export function readTimestamp(value: unknown): number | null {
  if (typeof value !== 'string' || !TIMESTAMP.test(value)) return null;
  const milliseconds = Date.parse(value);
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return null;
  // Date.parse reads 2026-02-30 as 2 March: a date that does not exist is refused, not moved.
  const offsetMinutes = /(?<sign>[+-])(?<hours>\d{2}):(?<minutes>\d{2})$/.exec(value)?.groups;
  const shift = offsetMinutes
    ? (offsetMinutes['sign'] === '-' ? -1 : 1) *
      (Number(offsetMinutes['hours']) * 60 + Number(offsetMinutes['minutes'])) *
      60_000
    : 0;
  const written = new Date(milliseconds + shift).toISOString();
  return written.slice(0, 19) === value.slice(0, 19) ? Math.floor(milliseconds / 1000) : null;
}
