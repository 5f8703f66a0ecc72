import type { AuditedGrant } from './audited-grants.js';
import { receiptsWithoutRow, type Receipt } from './received-cookies.js';
import { SurvivingDisk } from './surviving-disk.js';
import type { Survival } from './traced-file.js';
import { tracedEvents, type TracedEvent } from './traced-writes.js';

/** Where the trace of a run is, and how to open what is left of the disk. */
export interface Run {
  readonly trace: string;
  readonly folder: string;
  /** A copy of the folder from before the run; `null`: it was empty. */
  readonly base: string | null;
  /** How many cookie sets lie between one loss of power and the next. */
  readonly lossEvery: number;
  /** Instants besides: right before these events. */
  readonly lossBefore?: (event: TracedEvent) => boolean;
  readonly random: () => number;
  /** Opens what survived, with the service's own code or database, and gives the rows. */
  rowsOf(disk: SurvivingDisk, survival: Survival, random: () => number): Promise<readonly AuditedGrant[]>;
}

/** What came out of losing power at many instants. */
export interface Losses {
  /** Cookie sets that went out. */
  readonly out: number;
  readonly instants: number;
  /** Writes that no fsync had confirmed, summed over the instants. */
  readonly unsynced: number;
  /** Cookie sets that the rows were compared with, summed over the instants. */
  readonly compared: number;
  readonly withoutRow: ReadonlySet<Receipt>;
  /** The disk at the end of the run. */
  readonly disk: SurvivingDisk;
}

const SURVIVALS = ['only what was synced', 'some of the rest'] as const;

/**
 * Goes through a run and loses power right after every so many cookie sets: each that was out by then must have
 * its row in what survives. `outBy` tells which cookie sets went out with, or before, the event that comes next.
 */
export async function losePower(
  run: Run,
  outBy: (event: TracedEvent) => readonly Receipt[],
): Promise<Losses> {
  const disk = new SurvivingDisk(run.folder, run.base);
  const withoutRow = new Set<Receipt>();
  const out: Receipt[] = [];
  const sum = { instants: 0, unsynced: 0, compared: 0 };
  let due = run.lossEvery;
  for await (const event of tracedEvents(run.trace, run.folder)) {
    out.push(...outBy(event));
    if (out.length >= due || run.lossBefore?.(event) === true) {
      due = out.length + run.lossEvery;
      sum.instants += 1;
      sum.unsynced += disk.unsynced;
      for (const survival of SURVIVALS) {
        sum.compared += out.length;
        const rows = await run.rowsOf(disk, survival, run.random);
        for (const receipt of receiptsWithoutRow(out, rows)) withoutRow.add(receipt);
      }
    }
    disk.apply(event);
  }
  return { ...sum, out: out.length, withoutRow, disk };
}
