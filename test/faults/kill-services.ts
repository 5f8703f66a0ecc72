import { setTimeout as wait } from 'node:timers/promises';
import { launchOperatedApi } from '../support/operated-api.js';
import { startGrantLoad } from './grant-load.js';
import type { ReceivedCookies } from './received-cookies.js';

/** A folder with a key, and the database, of one service at a time. */
export interface Lane {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly received: ReceivedCookies;
}

/** How often, for how long at most, and what else the service gets in its environment. */
export interface Killing {
  readonly lanes: readonly Lane[];
  readonly kills: number;
  readonly longestMilliseconds: number;
  readonly random: () => number;
  readonly changes: Readonly<Record<string, string>>;
  /** After so many kills of a lane, while its service is dead, somebody looks at what is there. */
  readonly lookEvery: number;
  look(lane: Lane): Promise<void>;
}

/** What happened. */
export interface Killed {
  /** Kills of a service that had given grants since it started. */
  kills: number;
  /** Those of them that ended requests under way, and how many. */
  killsUnderWay: number;
  requestsCut: number;
  /** Kills, not counted above, of a service that was still starting. */
  killsInStart: number;
  /** Answers that were neither a grant nor cut off, by status. */
  readonly strange: Map<number, number>;
}

const GRANTS_PER_SECOND = 200;
/** A service lives this long under the load, in milliseconds: long enough for grants, short enough for many kills. */
const SHORTEST_LIFE = 30;
const LIFE_SPREAD = 500;
const SHARE_IN_START = 0.08;
const START_SPREAD = 600;

/** `kill -9` at random instants under load, and the next start at once, in every lane until the number is reached. */
export async function killServices(killing: Killing): Promise<Killed> {
  const killed: Killed = { kills: 0, killsUnderWay: 0, requestsCut: 0, killsInStart: 0, strange: new Map() };
  const end = performance.now() + killing.longestMilliseconds;
  await Promise.all(
    killing.lanes.map(async (lane) => {
      for (let lives = 1; killed.kills < killing.kills && performance.now() < end; lives += 1) {
        await liveAndDie(lane, killing, killed);
        if (lives % killing.lookEvery === 0) await killing.look(lane);
      }
      await killing.look(lane);
    }),
  );
  return killed;
}

async function liveAndDie(lane: Lane, { random, changes }: Killing, killed: Killed): Promise<void> {
  const { process, ready, url } = await launchOperatedApi({ ...lane, changes });
  const kill = async (): Promise<void> => {
    process.child.kill('SIGKILL');
    await process.ended;
  };
  if (random() < SHARE_IN_START) {
    await Promise.race([wait(random() * START_SPREAD), ready]);
    await kill();
    killed.killsInStart += 1;
    return;
  }
  await ready;
  const load = startGrantLoad({ url, perSecond: GRANTS_PER_SECOND, received: lane.received });
  await wait(SHORTEST_LIFE + random() * LIFE_SPREAD);
  await kill();
  await load.stop();
  const { statuses } = load;
  for (const [status, count] of statuses) {
    if (status !== 201 && status !== 0) killed.strange.set(status, (killed.strange.get(status) ?? 0) + count);
  }
  if (!statuses.has(201)) return;
  killed.kills += 1;
  killed.requestsCut += statuses.get(0) ?? 0;
  if (statuses.has(0)) killed.killsUnderWay += 1;
}
