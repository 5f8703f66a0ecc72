import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalProblem, systemCode } from './problem.js';

/** Who runs on a data folder. */
interface Holder {
  readonly pid: number;
  /** Tells a process from a later one that got the same number (in a container every start is pid 1). */
  readonly startedAt: string;
  /** What a person can open to see that it runs. */
  readonly open: string;
}

/**
 * Takes the data folder for this process. The lock names its holder, so one that a crash left behind is
 * noticed and taken over.
 * @returns gives the lock back
 * @throws LocalProblem when another edgepass runs on this folder
 */
export function takeStartLock(dataDir: string, open: string): () => void {
  const path = join(dataDir, 'edgepass.lock');
  const mine: Holder = { pid: process.pid, startedAt: startOf(process.pid), open };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // link() fails if the name exists, and the text is complete from the first moment.
        linkSync(draft, path);
        return () => release(path, mine);
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
      refuseIfHeld(path, dataDir);
      discard(path);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function refuseIfHeld(path: string, dataDir: string): void {
  const holder = readHolder(path);
  if (holder === null || !isRunning(holder)) return;
  throw new LocalProblem(
    `edgepass is already running on ${dataDir} (pid ${holder.pid}): open ${holder.open}, ` +
      `or stop it first with \`kill ${holder.pid}\`; for a second one beside it set DATA_DIR and the ports`,
  );
}

/** Removes a stale lock, unless another start has replaced it between our look and our move. */
function discard(path: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    const moved = readHolder(aside);
    if (moved !== null && isRunning(moved)) linkSync(aside, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(systemCode(error))) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(path: string, mine: Holder): void {
  const holder = readHolder(path);
  if (holder?.pid === mine.pid && holder.startedAt === mine.startedAt) rmSync(path, { force: true });
}

function readHolder(path: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const { pid, startedAt, open } = value as Partial<Holder>;
    if (!Number.isSafeInteger(pid) || typeof startedAt !== 'string' || typeof open !== 'string') return null;
    return { pid: pid as number, startedAt, open };
  } catch {
    return null;
  }
}

function isRunning(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false;
  }
  return startOf(holder.pid) === holder.startedAt;
}

/** When a process began, in the kernel's own count (field 22 of /proc/PID/stat); `''` where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
