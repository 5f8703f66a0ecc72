import type { AuditEvent } from './audit-event.js';

/** Characters that JSON leaves as they are and that a terminal or an editor obeys: C1, line ends, bidi. */
const OBEYED = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One event as one line; nothing in it moves a cursor, ends the line or turns the text round. */
export function auditLine(event: AuditEvent): string {
  const text = JSON.stringify(event).replace(
    OBEYED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}
