import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { describeWith, requireTool } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8');
const rules = /^```yaml\n(groups:\n[\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);

/** A counter on two days, a sample every two minutes, and what it grows by between two of them. */
interface Days {
  readonly series: string;
  readonly yesterday: number;
  readonly today: number;
  /** Whether it appears on the second day alone: a counter is there once it has counted something. */
  readonly isNew?: boolean;
}

const SAMPLES_A_DAY = 720;
const GRANTS = (outcome: string): string => `edgepass_grants_total{outcome="${outcome}",code="x",job="e"}`;
const REFUSED = 'edgepass_refusals_total{code="token_invalid",reason="x",job="e"}';
const OTHER_REFUSED = 'edgepass_refusals_total{code="not_entitled",reason="x",job="e"}';

function samples({ yesterday, today, isNew = false }: Days): string {
  const before = isNew ? `_x${SAMPLES_A_DAY}` : `0+${yesterday}x${SAMPLES_A_DAY}`;
  const begin = isNew ? 1 : yesterday * SAMPLES_A_DAY + today;
  return `${before} ${begin}+${today}x30`;
}

/** What is measured, and the alarms that fire then. */
interface Case {
  readonly expected: readonly string[];
  readonly input: readonly { readonly series: string; readonly values: string }[];
}

/** Resolves where exactly these alarms fire 40 minutes into the second day of each case; rejects with what promtool says. */
async function expectFiring(...cases: readonly Case[]): Promise<void> {
  const folder = temporaryFolder('alarms');
  writeFileSync(join(folder, 'rules.yaml'), rules);
  const tests = cases.map(({ expected, input }) => ({
    interval: '2m',
    input_series: input,
    alert_rule_test: names.map((alertname) => ({
      eval_time: '1480m',
      alertname,
      exp_alerts: expected.includes(alertname) ? [{}] : [],
    })),
  }));
  const file = { rule_files: ['rules.yaml'], evaluation_interval: '5m', tests };
  writeFileSync(join(folder, 'test.yaml'), stringify(file));
  const args = ['test', 'rules', 'test.yaml'];
  await promisify(execFile)(requireTool('promtool'), args, { cwd: folder }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    },
  );
}

const of = (expected: readonly string[], ...days: readonly Days[]): Case => ({
  expected,
  input: days.map((day) => ({ series: day.series, values: samples(day) })),
});

const healthy: Days = { series: GRANTS('granted'), yesterday: 1_200, today: 1_200 };

describeWith('promtool', 'the alarms of docs/metrics.md', () => {
  test('are rules that Prometheus takes', async () => {
    const file = join(temporaryFolder('alarms'), 'rules.yaml');
    writeFileSync(file, rules);
    const { stdout } = await promisify(execFile)(requireTool('promtool'), ['check', 'rules', file]);
    expect(stdout).toContain(`SUCCESS: ${names.length} rules found`);
    expect((parse(rules) as { groups: { rules: unknown[] }[] }).groups[0]?.rules).toHaveLength(names.length);
  });

  test('are silent while grants are given and a token is refused now and then', async () => {
    const few: Days = { series: REFUSED, yesterday: 4, today: 6 };
    const fine: Days = { series: 'edgepass_degraded{cause="signing_key_file"}', yesterday: 0, today: 0 };
    await expectFiring(of([], healthy, few, fine));
  });

  test('tell of refused tokens after a day without any, whether the counter was there or not', async () => {
    const refused: Days = { series: REFUSED, yesterday: 0, today: 1_200 };
    await expectFiring(
      of(['EdgepassTokensRefused'], healthy, refused),
      of(['EdgepassTokensRefused'], healthy, { ...refused, isNew: true }),
    );
  });

  test('tell of refused tokens after a day with few, and not of refusals for another reason', async () => {
    await expectFiring(
      of(['EdgepassTokensRefused'], healthy, { series: REFUSED, yesterday: 12, today: 1_200 }),
      of([], healthy, { series: OTHER_REFUSED, yesterday: 0, today: 1_200 }),
    );
  });

  test('tell of grants that fail, when all do and when one in fifty does', async () => {
    const failing = (today: number): Days => ({ series: GRANTS('failed'), yesterday: 0, today });
    await expectFiring(
      of(['EdgepassGrantsFail'], { ...healthy, today: 0 }, failing(1_200)),
      of(['EdgepassGrantsFail'], healthy, failing(24)),
      of([], healthy, failing(6)),
    );
  });

  test('tell of a key file that was refused, and of issuer keys that cannot be fetched', async () => {
    const grants = { series: healthy.series, values: samples(healthy) };
    const series = ['edgepass_degraded{cause="signing_key_file",job="e"}', 'edgepass_jwks_failing{job="e"}'];
    await expectFiring(
      ...series.map((one) => ({
        expected: ['EdgepassDegraded'],
        input: [grants, { series: one, values: `0x${SAMPLES_A_DAY} 1x30` }],
      })),
    );
  });
});
