/** The middle of the values; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = Math.ceil(sorted.length / 2) - 1;
  return ((sorted[lower] ?? Number.NaN) + (sorted[upper] ?? Number.NaN)) / 2;
}

/** The value below which this share of the others lies, 0 to 1; `NaN` of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `median (min–max)`, rounded. */
export function spread(values: readonly number[], digits = 0): string {
  const text = (value: number) => value.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

/** The middle half of honest values lies within this share of their median. */
const HONEST_SHARE = 0.1;

/** Whether enough rounds agree: half of the values lie close to each other, wherever the others are. */
export function isHonest(values: readonly number[]): boolean {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return at(0.75) - at(0.25) <= HONEST_SHARE * median(values);
}

/** One line of the table at the end of a run: a ratio, and what it is to reach. */
export interface Ratio {
  readonly name: string;
  readonly values: readonly number[];
  readonly reach: { readonly least: number } | { readonly most: number } | null;
}

/** The table of the ratios, in Markdown. */
export function ratioTable(ratios: readonly Ratio[]): string {
  const lines = ratios.map(({ name, values, reach }) => {
    const middle = median(values);
    const isMissed = reach !== null && ('least' in reach ? middle < reach.least : middle > reach.most);
    const wanted = reach === null ? '' : 'least' in reach ? `≥ ${reach.least}` : `≤ ${reach.most}`;
    const notes = [isMissed ? ', **missed**' : '', isHonest(values) ? '' : ', wide spread'].join('');
    return `| ${name} | ${spread(values, 2)} | ${wanted}${notes} |`;
  });
  return ['| ratio | median (lowest–highest) | reach |', '| --- | --- | --- |', ...lines].join('\n');
}
