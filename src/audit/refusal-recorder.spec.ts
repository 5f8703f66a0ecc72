import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { RefusalRow } from '../database/schema.js';
import { PROBLEM_CODES } from '../http/problems/problem-codes.js';
import { RECORDED_CODES, RefusalRecorder, type WriteRefusals } from './refusal-recorder.js';

const MINUTE_SECONDS = 60;
const START = 1_800_000_000;

function recorderThat(write?: WriteRefusals) {
  const rows: RefusalRow[] = [];
  const errors: unknown[] = [];
  const recorder = new RefusalRecorder(
    write ??
      (async (more) => {
        rows.push(...more);
      }),
    (error) => errors.push(error),
  );
  const refuse = (viewerId: string, atEpochSeconds = START, code = 'not_entitled') =>
    recorder.note({ viewerId, code, prefix: 'a', atEpochSeconds });
  const written = () =>
    rows.map(({ viewer_id, code, prefix, count }) => [viewer_id, code, prefix, count] as const);
  return { recorder, refuse, written, rows, errors };
}

describe('the recorded codes', () => {
  it('are those of the statuses with which a signed-in caller is refused', () => {
    const refuses = Object.entries(PROBLEM_CODES).filter(
      ([, { status }]) => status === 403 || status === 429,
    );
    expect([...RECORDED_CODES]).toEqual(refuses.map(([code]) => code));
  });

  it('stand in docs/audit-log.md, with their number', () => {
    const page = readFileSync(new URL('../../docs/audit-log.md', import.meta.url), 'utf8');
    const codes = [...RECORDED_CODES].map((code) => `\`${code}\``).join(', ');
    expect(page).toContain(`who, code (${codes}), how often`);
    expect(page).toContain(`each of the ${RECORDED_CODES.size} codes`);
  });
});

describe('refusals', () => {
  it('of one viewer within a minute become two rows, however many they are', async () => {
    const { recorder, refuse, written } = recorderThat();
    for (let times = 0; times < 10_000; times++) refuse('u1');
    recorder.passTime(START + MINUTE_SECONDS);
    await recorder.close();
    expect(written()).toEqual([
      ['u1', 'not_entitled', 'a', 1],
      ['u1', 'not_entitled', null, 9_999],
    ]);
  });

  it('of another code, another viewer or another minute have rows of their own', async () => {
    const { recorder, refuse, written } = recorderThat();
    refuse('u1');
    refuse('u2');
    refuse('u1', START, 'admin_required');
    refuse('u1', START + MINUTE_SECONDS);
    await recorder.close();
    expect(written()).toEqual([
      ['u1', 'not_entitled', 'a', 1],
      ['u2', 'not_entitled', 'a', 1],
      ['u1', 'admin_required', 'a', 1],
      ['u1', 'not_entitled', 'a', 1],
    ]);
  });

  it('of more viewers than are counted separately share one row a code', async () => {
    const { recorder, refuse, written } = recorderThat();
    for (let viewer = 0; viewer < 7_000; viewer++) refuse(`u${viewer}`);
    await recorder.close();
    expect(written()).toHaveLength(5_001);
    expect(written().at(-1)).toEqual([null, 'not_entitled', null, 2_000]);
  });

  it('that cannot be written are reported, and the next ones are written', async () => {
    let isBroken = true;
    const written: string[] = [];
    const { recorder, refuse, errors } = recorderThat(async (rows) => {
      if (isBroken) throw new Error('disk full');
      written.push(...rows.map((row) => row.viewer_id ?? ''));
    });
    refuse('u1');
    await recorder.close();
    isBroken = false;
    refuse('u2');
    await recorder.close();
    expect(errors.map(String)).toEqual(['Error: disk full']);
    expect(written).toEqual(['u2']);
  });
});
