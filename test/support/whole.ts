/**
 * Whether `npm run whole` runs, which takes every spec file that imports this one (test/whole.config.mjs): what
 * takes too long for `npm test` is there in full.
 */
export const IS_WHOLE = process.env['EDGEPASS_WHOLE'] === '1';

/**
 * The rows of a table: every one under `npm run whole`, in `npm test` those that have one of these cells.
 * @throws where no row has one of them
 */
export function sampled<Row extends readonly unknown[]>(
  rows: readonly Row[],
  cells: readonly unknown[],
): readonly Row[] {
  const missing = cells.filter((cell) => !rows.some((row) => row.includes(cell)));
  if (missing.length > 0) throw new Error(`expected a row with each of ${JSON.stringify(missing)}`);
  return IS_WHOLE ? rows : rows.filter((row) => cells.some((cell) => row.includes(cell)));
}
