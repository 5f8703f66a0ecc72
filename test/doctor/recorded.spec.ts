import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { diagnose, joinEvidence, readConsole, readHar, type Diagnosis } from '@edgepass/doctor';
import { RECORDED } from './scenarios.js';
import { IS_WHOLE } from '../support/whole.js';
import { healthyWorld, Stage, type Played, type World } from './stage.js';

/** Of several ways to one failure `npm test` plays the first to each cause, `npm run whole` every one. */
const PLAYED = RECORDED.filter(
  ({ entry, id }, index) =>
    IS_WHOLE || RECORDED.findIndex((other) => other.entry === entry && other.id === id) === index,
);

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.close());

function fromHar({ har, now }: Pick<Played, 'har' | 'now'>, app: string | null = null): Diagnosis {
  const result = readHar(har);
  if ('problem' in result) throw new Error(result.problem);
  return diagnose(joinEvidence([result.evidence], { nowMilliseconds: now, app }));
}

describe('a recording of a healthy stack', () => {
  test('yields nothing but ok', async () => {
    const played = await stage.play(healthyWorld());
    expect(played.got).toEqual([true, true]);
    const { rootCause, alsoPossible, findings } = fromHar(played);
    expect({ rootCause, alsoPossible }).toEqual({ rootCause: null, alsoPossible: [] });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('a recording', () => {
  const plays = new Map<
    (typeof RECORDED)[number],
    Promise<{ readonly world: World; readonly played: Played }>
  >();
  /** Plays a scenario once for both of its tests. */
  const playOf = (scenario: (typeof RECORDED)[number]) => {
    const known = plays.get(scenario);
    if (known !== undefined) return known;
    const world = healthyWorld();
    scenario.change(world);
    const play = stage.play(world).then((played) => ({ world, played }));
    plays.set(scenario, play);
    return play;
  };

  test.each(PLAYED.map((scenario) => [scenario.entry, scenario.how, scenario] as const))(
    '%s: %s',
    async (_entry, _how, scenario) => {
      const { id, entry } = scenario;
      const { played } = await playOf(scenario);
      const { rootCause } = fromHar(played);
      expect(rootCause?.id).toBe(id);
      expect(rootCause?.catalogue).toContain(entry);
    },
  );

  test.each(PLAYED.map((scenario) => [scenario.entry, scenario.how, scenario] as const))(
    '%s: %s: no other cause from the console alone',
    async (_entry, _how, scenario) => {
      const { id } = scenario;
      const {
        world,
        played: { browser, now },
      } = await playOf(scenario);
      for (const lines of [browser.chromium, browser.firefox, browser.safari]) {
        const diagnosis = diagnose(
          joinEvidence([readConsole(lines.join('\n'), world.page)], {
            nowMilliseconds: now,
            app: world.page,
          }),
        );
        expect([id, null]).toContain(diagnosis.rootCause?.id ?? null);
      }
    },
  );
});
