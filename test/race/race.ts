/**
 * Races of a right being taken away against grants under it, over HTTP. Node and jest both run this file as
 * it is, so it imports no other file of ours.
 */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Where the service answers, and how its callers sign in. */
export interface RaceCourse {
  /** Addresses of the instances, all on one database: `http://127.0.0.1:3001`. */
  readonly instances: readonly string[];
  readonly tokens: { readonly secret: string; readonly issuer: string; readonly audience: string };
  /** Epoch seconds by the clock of the instances. */
  readonly nowEpochSeconds: () => number;
  readonly adminGroup: string;
  readonly races: number;
  readonly atOnce: number;
  /** No race begins after this long. */
  readonly longestSeconds: number;
}

/** What came out. Every `late` and every `missed` breaks a promise. */
export interface RaceResult {
  readonly races: number;
  /** Grants that began before the answer to the revocation: those given, and those refused. */
  readonly given: number;
  readonly refused: number;
  /** Grants that began after that answer and were given all the same. */
  readonly late: number;
  readonly afterwards: number;
  /** Revocations whose `openGrants` was not the number of grants that clients had received. */
  readonly missed: number;
  readonly faults: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly id?: string;
    readonly code?: string;
    readonly openGrants?: { readonly count: number };
  };
}

/** Grants that are on their way while the right is taken away, for each instance. */
const GRANTS_AN_INSTANCE = 2;
/** Revocations begin at so many instants, spread over this part of the time that a grant takes. */
const STAGES = 11;
const PART_OF_A_GRANT = 0.75;
/** Until one that was shed is sent again. */
const SHED_MILLISECONDS = 100;

export async function runRaces(course: RaceCourse): Promise<RaceResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const result = {
    races: 0,
    given: 0,
    refused: 0,
    late: 0,
    afterwards: 0,
    missed: 0,
    faults: [] as string[],
  };
  const end = performance.now() + course.longestSeconds * 1000;
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < course.races && result.faults.length === 0 && performance.now() < end) {
      begun += 1;
      await raceOnce(course, agent, begun, result);
    }
  };
  try {
    await Promise.all(Array.from({ length: course.atOnce }, lane));
  } finally {
    agent.destroy();
  }
  return result;
}

type Counted = { -readonly [Name in keyof RaceResult]: RaceResult[Name] } & { faults: string[] };

async function raceOnce(course: RaceCourse, agent: Agent, number: number, result: Counted): Promise<void> {
  const viewer = `racer-${number}`;
  const prefix = `race/${number}`;
  const admin = bearer(course, 'referee', [course.adminGroup]);
  const caller = bearer(course, viewer, []);
  const administrative = course.instances[number % course.instances.length] ?? '';
  const grantAt = async (instance: string): Promise<Answer> => {
    const ask = (): Promise<Answer> => call(agent, 'POST', `${instance}/grants`, caller, { prefix });
    let answer = await ask();
    // Shed before anything was spent on it, on a busy machine: the caller comes again.
    for (
      let tries = 1;
      answer.status === 503 && answer.body.code === 'overloaded' && tries < 10;
      tries += 1
    ) {
      await pause(SHED_MILLISECONDS);
      answer = await ask();
    }
    return answer;
  };

  const put = { subject: `user:${viewer}`, prefix };
  const putAt = performance.now();
  const { body } = await call(agent, 'PUT', `${administrative}/admin/entitlements`, admin, put);
  // A grant takes about as long as this did, on a quick machine and on a slow one.
  const grantMilliseconds = performance.now() - putAt;
  const runners = course.instances.flatMap((instance) =>
    Array.from({ length: GRANTS_AN_INSTANCE }, (_, index) =>
      after(index * grantMilliseconds, () => grantAt(instance)),
    ),
  );
  const stage = (number % STAGES) / (STAGES - 1);
  const revoked = await after(stage * PART_OF_A_GRANT * grantMilliseconds, () =>
    call(agent, 'DELETE', `${administrative}/admin/entitlements/${body.id ?? ''}`, admin),
  );
  // The answer is here: from now on nobody may get in, on any instance.
  const late = await Promise.all(course.instances.map(grantAt));
  const answers = await Promise.all(runners);

  const given = answers.filter(({ status }) => status === 201).length;
  const lateGiven = late.filter(({ status }) => status === 201).length;
  const strange = [...answers, ...late].filter(({ status }) => status !== 201 && status !== 403);
  if (revoked.status !== 200) strange.push(revoked);
  if (strange.length > 0)
    result.faults.push(
      `race ${number}: ${strange.map(({ status, body }) => `${status} ${body.code ?? ''}`).join()}`,
    );
  result.races += 1;
  result.given += given;
  result.refused += answers.length - given;
  result.late += lateGiven;
  result.afterwards += late.length;
  if (revoked.body.openGrants?.count !== given) result.missed += 1;
}

/** Goes round the event loop, because a timer is too coarse to meet a revocation at every stage. */
async function after<T>(milliseconds: number, act: () => Promise<T>): Promise<T> {
  const begin = performance.now() + milliseconds;
  while (performance.now() < begin) await new Promise((resolve) => setImmediate(resolve));
  return act();
}

function bearer(course: RaceCourse, sub: string, groups: readonly string[]): string {
  const { secret, issuer, audience } = course.tokens;
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: issuer, aud: audience, sub, groups, exp: course.nowEpochSeconds() + 300 };
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `Bearer ${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function call(agent: Agent, method: string, url: string, token: string, body?: object): Promise<Answer> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = {
    authorization: token,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (answer += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as Answer['body'] }),
      );
      response.on('error', reject);
    });
    asking.on('error', reject);
    asking.end(text);
  });
}
