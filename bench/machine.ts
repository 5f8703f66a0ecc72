import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

/** One line that says where the figures come from. */
export function machineLine(): string {
  return `Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${process.arch}, ${new Date().toISOString().slice(0, 10)}`;
}

/** What else the machine is doing: the processes that ran in the last minute, on average. */
export function loadLine(): string {
  return `load average of the last minute: ${loadavg()[0]?.toFixed(2)}`;
}

/** Microseconds of processor time that a process and its threads have used. Linux only, else `null`. */
export function processorMicroseconds(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  // proc(5): after the command in parentheses come state … utime (14th field) and stime, in ticks of 10 ms.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
