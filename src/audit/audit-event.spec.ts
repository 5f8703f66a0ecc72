import { expect, it } from '@jest/globals';
import type { AuditEvent } from './audit-event.js';
import { auditLine } from './audit-event.js';

it('an exported event is one line in which nothing moves a cursor or reverses the text', () => {
  const event: AuditEvent = {
    id: '1',
    at: '2026-11-20T09:00:00Z',
    kind: 'refusal',
    subject: 'user:a\r\n\u001b[2J\u0085\u009b\u2028\u202e\u2066"',
  };
  const line = auditLine(event);
  expect(line).toBe(
    String.raw`{"id":"1","at":"2026-11-20T09:00:00Z","kind":"refusal","subject":"user:a\r\n\u001b[2J\u0085\u009b\u2028\u202e\u2066\""}` +
      '\n',
  );
  expect(JSON.parse(line)).toEqual(event);
});

it('A11 what a spreadsheet would run is a JSON text in an exported event', () => {
  const line = auditLine({ id: '1', at: '2026-11-20T09:00:00Z', kind: 'refusal', subject: 'user:=cmd|x' });
  expect(line).toBe('{"id":"1","at":"2026-11-20T09:00:00Z","kind":"refusal","subject":"user:=cmd|x"}\n');
});
