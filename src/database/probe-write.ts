import { randomBytes } from 'node:crypto';

/** As many bytes as the pages that a grant touches: a disk that takes this takes a grant. */
const FILLER_BYTES = 32_768;

/** The statement that shows whether the database still takes writes; it always writes over the same row. */
export const PROBE_WRITE = (place: '$1' | '?'): string =>
  `insert into write_probe (id, filler) values (1, ${place})
   on conflict (id) do update set filler = excluded.filler`;

/** Text that cannot be made smaller than it is. */
export function probeFiller(): string {
  return randomBytes(FILLER_BYTES / 2).toString('hex');
}
