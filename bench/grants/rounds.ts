import { processorTime, shareOfOthers, usedBy } from '../machine.js';
import type { ServerProcess } from '../server-process.js';
import { median, spread } from '../statistics.js';
import type { Case } from './cases.js';
import type { Deployment } from './deployment.js';
import type { LoadProcess } from './load-process.js';
import type { Effort, LoadResult } from './load.js';
import { faultOf } from './verify-sample.js';

/** A server that is measured, and what a right answer of it has. */
export interface Peer {
  readonly name: string;
  readonly server: ServerProcess;
  /** 0: it has none, and nothing that could be verified beside its status. */
  readonly cookieLines: number;
  /** Processes that work for it beside its own: a database server. */
  readonly helpers?: readonly number[];
}

/** One round with one server. */
export interface Round {
  readonly result: LoadResult;
  readonly perSecond: number;
  /** Processor time of the server; `null` where it cannot be read. */
  readonly microsecondsPerAnswer: number | null;
  /** The same of its helpers together. */
  readonly helperMicrosecondsPerAnswer: number | null;
  readonly shareOfOthers: number;
}

/** Keeps a server busy for that long and looks at what it did. Throws when an answer was wrong. */
export async function round(
  one: Case,
  { name, server, cookieLines, helpers = [] }: Peer,
  effort: Effort,
  deployment: Deployment,
  load: LoadProcess,
): Promise<Round> {
  const pids = [server.pid, load.pid, process.pid, ...helpers];
  const before = processorTime(pids);
  const result = await load.run(server, one, deployment, { ...effort, cookieLines });
  const after = processorTime(pids);
  const used = before !== null && after !== null ? { before, after } : null;
  refuseWrongAnswers(name, cookieLines === 0 ? { ...result, samples: [] } : result, deployment);
  return {
    result,
    perSecond: result.answers / result.seconds,
    microsecondsPerAnswer: used === null ? null : usedBy(0, used.before, used.after) / result.answers,
    helperMicrosecondsPerAnswer:
      used === null || helpers.length === 0
        ? null
        : pids
            .slice(-helpers.length)
            .reduce((sum, pid) => sum + usedBy(pids.indexOf(pid), used.before, used.after), 0) /
          result.answers,
    shareOfOthers: used === null ? 0 : shareOfOthers(used.before, used.after, effort.seconds),
  };
}

/** No figure stands beside a wrong answer. */
function refuseWrongAnswers(name: string, { errors, samples }: LoadResult, deployment: Deployment): void {
  const faults = samples.flatMap((sample) => faultOf(sample, deployment) ?? []);
  if (errors === 0 && faults.length === 0) return;
  throw new Error(`${name}: ${errors} errors; wrong answers: ${[...new Set(faults)].join(', ') || 'none'}`);
}

/** One line about the rounds of one server. */
export function printRounds({ name }: Peer, rounds: readonly Round[]): void {
  const results = rounds.map(({ result }) => result);
  const sum = (count: (result: LoadResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const processor = rounds.flatMap((round) => round.microsecondsPerAnswer ?? []);
  const helper = rounds.flatMap((round) => round.helperMicrosecondsPerAnswer ?? []);
  const parts = [
    `${spread(rounds.map(({ perSecond }) => perSecond))} requests/s`,
    `p50 ${median(results.map((result) => result.p50Milliseconds)).toFixed(1)} ms`,
    `p99 ${median(results.map((result) => result.p99Milliseconds)).toFixed(1)} ms`,
    ...(processor.length === 0 ? [] : [`${median(processor).toFixed(0)} µs processor time an answer`]),
    ...(helper.length === 0 ? [] : [`${median(helper).toFixed(0)} µs of its helpers`]),
    'no errors',
    `${sum((result) => result.samples.length)} of ${sum((result) => result.answers)} answers verified`,
  ];
  console.log(`  ${name.padEnd(14)}  ${parts.join(', ')}`);
}
