import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What every fuzz command takes: how much, from which seed on, and words of its own. */
export interface FuzzArguments<Further extends string> {
  readonly count: number;
  readonly seed: number;
  readonly further: Readonly<Partial<Record<Further, string>>>;
}

/** Reads `--count`, `--seed` (random unless given) and the further options. Throws TypeError for wrong use. */
export function readFuzzArguments<Further extends string = never>(
  args: readonly string[],
  defaultCount: number,
  further: readonly Further[] = [],
): FuzzArguments<Further> {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      ['count', 'seed', ...further].map((name) => [name, { type: 'string' as const }]),
    ),
  });
  const count = Number(values['count'] ?? defaultCount);
  const seed = Number(values['seed'] ?? randomInt(2 ** 31));
  if (![count, seed].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw new TypeError('expected --count and --seed as whole numbers');
  }
  return { count, seed, further: values as FuzzArguments<Further>['further'] };
}
