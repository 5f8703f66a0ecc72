import { describe, expect, test } from '@jest/globals';
import { diagnose, joinEvidence, readConsole } from '@edgepass/doctor';
import { PASTED } from './messages.js';
import { PAGE } from './stage.js';

const NOW_MILLISECONDS = 1_795_000_000_000;

describe('pasted console lines', () => {
  test.each(PASTED.map((pasted) => [pasted.entry, pasted.how, pasted] as const))(
    '%s: %s',
    (entry, _how, { lines, id }) => {
      const evidence = joinEvidence([readConsole(lines.join('\n'), PAGE)], {
        nowMilliseconds: NOW_MILLISECONDS,
        app: PAGE,
      });
      const { rootCause, alsoPossible } = diagnose(evidence);
      expect(rootCause?.id ?? null).toBe(id);
      const named = rootCause?.catalogue ?? alsoPossible.flatMap(({ catalogue }) => catalogue);
      // Where the lines leave it open, what is left holds the entry.
      expect(named).toContain(entry);
    },
  );
});
