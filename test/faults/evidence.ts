import { appendFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { Remark } from './faults-page.js';

/** What came out, in figures, for the line of docs/evidence/faults.md: call it inside a test. Elsewhere it says nothing. */
export function evidence(text: string): void {
  note('evidence', text);
}

/** How the fault was made, for the same line: `strace -e inject=fsync:error=EIO on the running process`. */
export function injectedBy(text: string): void {
  note('injection', text);
}

function note(kind: Remark['kind'], text: string): void {
  const file = process.env['EDGEPASS_FAULT_EVIDENCE'];
  if (file === undefined) return;
  const remark: Remark = { test: expect.getState().currentTestName ?? '', kind, text };
  appendFileSync(file, `${JSON.stringify(remark)}\n`);
}
