import type { AuditEvent } from './audit-event.js';

/** Characters that JSON leaves as they are and that a terminal or an editor acts on: C1, line ends, bidirectional marks. */
const ACTED_ON = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One event as one line; nothing in it moves a cursor, ends the line or reverses the text. */
export function auditLine(event: AuditEvent): string {
  const text = JSON.stringify(event).replace(
    ACTED_ON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}
