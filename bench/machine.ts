import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** One line that says where the figures come from. */
export function machineLine(): string {
  return `Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${process.arch}, ${new Date().toISOString().slice(0, 10)}`;
}

/** Processor time in microseconds since some moment of the past. Linux only, elsewhere `null`. */
export interface ProcessorTime {
  readonly wholeMachine: number;
  /** `null` = the process has ended. */
  readonly ofProcesses: readonly (number | null)[];
}

/** A clock tick of proc(5), in microseconds. */
const TICK_MICROSECONDS = 10_000;

/** What the machine and these processes, with their threads, have used so far. */
export function processorTime(pids: readonly number[]): ProcessorTime | null {
  if (process.platform !== 'linux') return null;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = readFileSync(
    '/proc/stat',
    'utf8',
  )
    .split('\n', 1)
    .flatMap((line) => line.split(/\s+/).slice(1).map(Number));
  return {
    wholeMachine: (user + nice + system + irq + softIrq + steal) * TICK_MICROSECONDS,
    ofProcesses: pids.map(processMicroseconds),
  };
}

function processMicroseconds(pid: number): number | null {
  try {
    // proc(5): after the command in parentheses come state … utime (14th field), stime, and both of ended children.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return ticks * TICK_MICROSECONDS;
  } catch {
    return null;
  }
}

/** The resident memory of a process in kB (proc(5)); `null` when it has ended, and elsewhere than on Linux. */
export function residentKilobytes(pid: number): number | null {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

/** What one of the processes has used between two readings; nothing when it has ended meanwhile. */
export function usedBy(index: number, before: ProcessorTime, after: ProcessorTime): number {
  const [begin, end] = [before.ofProcesses[index] ?? null, after.ofProcesses[index] ?? null];
  return begin === null || end === null ? 0 : end - begin;
}

/** The share of all processors that other processes took between two readings, 0 to 1. */
export function shareOfOthers(before: ProcessorTime, after: ProcessorTime, seconds: number): number {
  const own = before.ofProcesses.reduce((sum: number, _, index) => sum + usedBy(index, before, after), 0);
  const all = after.wholeMachine - before.wholeMachine;
  return Math.max(0, all - own) / (seconds * 1e6 * availableParallelism());
}
