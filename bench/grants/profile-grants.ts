import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLine } from '../machine.js';
import { EDGEPASS_COOKIE_LINES, makeCases, type Case } from './cases.js';
import { makeDeployment, type Deployment } from './deployment.js';
import { LoadProcess } from './load-process.js';
import { giveRights, startEdgepass } from './servers.js';
import { timeByPart, type CpuProfile } from './time-by-part.js';

const WARM_UP_SECONDS = 3;
const PROFILE_SECONDS = 8;

/** Where the time of a grant goes on the event loop of edgepass, both cases. Throws when answers were wrong. */
export async function profileGrants(): Promise<void> {
  console.log('where the event loop of edgepass spends the time of a grant, idle time left out');
  console.log(machineLine());
  const deployment = makeDeployment();
  for (const one of makeCases(deployment)) {
    // oxlint-disable-next-line no-await-in-loop -- two at once would disturb each other
    await profileCase(one, deployment);
  }
}

async function profileCase(one: Case, deployment: Deployment): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'edgepass-profile-'));
  const profiles = join(folder, 'profiles');
  const edgepass = await startEdgepass(deployment, folder, {
    nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${profiles}`],
  });
  const load = new LoadProcess();
  try {
    await giveRights(edgepass.url, deployment, [one]);
    const cookieLines = EDGEPASS_COOKIE_LINES;
    await load.run(edgepass, one, deployment, { seconds: WARM_UP_SECONDS, cookieLines });
    const fromMicroseconds = monotonicMicroseconds();
    const result = await load.run(edgepass, one, deployment, { seconds: PROFILE_SECONDS, cookieLines });
    const toMicroseconds = monotonicMicroseconds();
    if (result.errors > 0) throw new Error(`expected right answers, got ${result.errors} wrong ones`);
    await edgepass.stop();
    print(one, timeByPart(profileOfMainThread(profiles), fromMicroseconds, toMicroseconds), result.answers);
  } finally {
    load.stop();
    await edgepass.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The clock that V8 writes into profiles. */
function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Node names the files `CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile`; the main thread is 0. */
function profileOfMainThread(folder: string): CpuProfile {
  const name = readdirSync(folder).find((file) => file.split('.')[4] === '0');
  if (name === undefined) throw new Error('expected a CPU profile of the main thread');
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
}

function print(one: Case, parts: ReadonlyMap<string, number>, answers: number): void {
  const total = [...parts.values()].reduce((sum, microseconds) => sum + microseconds, 0);
  console.log(`\n${one.name}: ${(total / answers).toFixed(0)} µs a grant`);
  for (const [part, microseconds] of [...parts].toSorted((a, b) => b[1] - a[1])) {
    console.log(`  ${((100 * microseconds) / total).toFixed(1).padStart(5)} %  ${part}`);
  }
}
