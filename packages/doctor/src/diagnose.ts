import type { Check, Sign, Symptom } from './checks/check.js';
import { CHECKS, checkOf, SYMPTOMS } from './checks/catalogue.js';
import { couldBeOf } from './checks/symptoms.js';
import { setCookieLines, type Evidence } from './evidence/evidence.js';
import { readPolicy, type SignedPolicy } from './evidence/signed-policy.js';
import { printable, Secrets } from './evidence/show.js';
import { factsOf, type Facts } from './facts.js';

export type Status = 'ok' | 'warn' | 'fail' | 'skip';

/** What one check found. */
export interface Finding {
  readonly id: string;
  readonly status: Status;
  readonly catalogue: readonly string[];
  readonly seen: readonly string[];
  /** The id of the cause that explains it; null: it stands for itself. */
  readonly consequenceOf: string | null;
}

/** The one change that cures it. */
export interface Fix {
  readonly text: string;
  /** The setting, where the evidence names it. */
  readonly where?: string;
  readonly command?: string;
}

export interface RootCause {
  readonly id: string;
  readonly catalogue: readonly string[];
  readonly title: string;
  readonly seen: readonly string[];
  readonly why: string;
  readonly fix: Fix;
}

/** A cause that the evidence leaves open. */
export interface Possible {
  readonly id: string;
  readonly catalogue: readonly string[];
  readonly title: string;
  /** The one observation that tells it from the others. */
  readonly toTellApart: string;
}

/** What a policy opens, decoded from a cookie; its signature is not checked. */
export interface DecodedPolicy {
  readonly resource: string | null;
  /** ISO 8601. */
  readonly endsAt: string | null;
  readonly startsAt: string | null;
  readonly address: string | null;
}

/** The whole answer: what `--json` prints (docs/doctor.schema.json). */
export interface Diagnosis {
  readonly version: 1;
  /** Null: all is well, or the evidence does not decide. */
  readonly rootCause: RootCause | null;
  readonly alsoPossible: readonly Possible[];
  readonly findings: readonly Finding[];
  readonly policies: readonly DecodedPolicy[];
  /** What the evidence itself lacks. */
  readonly notes: readonly string[];
}

/** Whether a check could judge what was handed over, and none found a fault: what exit code 0 says. */
export function isFoundWell({ findings }: Pick<Diagnosis, 'findings'>): boolean {
  return judged(findings).length > 0 && !findings.some(({ status }) => status === 'fail');
}

/** The findings of checks that found what they look at. */
export function judged(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ status }) => status !== 'skip');
}

/** Causes that only show another one’s effect. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  'cookies-incomplete': ['cookies-joined', 'cookie-too-long', 'too-many-cookies', 'domain-malformed'],
  'grant-expired': ['cookie-life-wrong', 'native-media-expired'],
  'native-media-expired': ['cookie-life-wrong', 'grant-expired'],
  'policy-for-another-address': ['viewer-changed', 'nested-cookie-scopes'],
  'folder-not-granted': ['cookie-path', 'viewer-changed', 'nested-cookie-scopes'],
  'samesite-on-another-site': ['domain-of-another-host', 'platform-name', 'cloudfront-name'],
  'page-on-localhost': ['domain-of-another-host'],
  'allowed-origin-differs': ['redirect-to-another-origin'],
};

/** Most places that are listed of one finding. */
const MOST_SEEN = 5;

/** What a check found: signs, nothing, or that it could not tell; or that it broke off. */
interface Looked {
  readonly check: Check | Symptom;
  readonly signs: readonly Sign[] | null;
  readonly brokeOff: string | null;
}

/**
 * Looks for every cause in what was gathered, and names the one that explains the rest: of those that are shown, the
 * first on the way of a request. Where none is shown, it names none and says what is left.
 *
 * @param only looks for this cause alone
 * @example
 * const { evidence } = readHar(readFileSync('a.har', 'utf8'));
 * console.log(diagnose(joinEvidence([evidence], { nowMilliseconds: Date.now() })).rootCause?.title);
 */
export function diagnose(evidence: Evidence, only: string | null = null): Diagnosis {
  const facts = factsOf(evidence);
  const chosen = only === null ? [...CHECKS, ...SYMPTOMS] : [checkOf(only) ?? []].flat();
  const all = chosen.map((check) => look(check, facts));
  const shown = all.filter(({ signs }) => isFail(signs));
  const causes = shown.filter(({ check }) => !isSymptom(check));
  const cause = causes.find(({ check }) => !isExplained(check, causes)) ?? causes[0] ?? null;
  const answer = cause ?? answerOf(shown, facts);
  const looked =
    answer === null
      ? all
      : all.filter((one) => one === answer || !isSymptom(one.check) || one.check.isAloneOnly !== true);
  const open = cause === null ? stillOpen(looked, facts) : [];
  const secrets = secretsOf(evidence);
  const clean = (text: string): string => secrets.strip(text);
  return {
    version: 1,
    rootCause: answer === null ? null : rootCauseOf(answer, clean),
    alsoPossible: open.map(({ id, catalogue, title, toTellApart }) => ({
      id,
      catalogue,
      title,
      toTellApart,
    })),
    findings: looked.flatMap((one) => findingOf(one, { answer, causes, open, clean }) ?? []),
    policies: decodedPolicies(facts, clean),
    notes: evidence.notes.map(clean),
  };
}

/**
 * The symptom that is an answer in itself, where no cause is shown. Where a recording was read, a symptom that leaves its
 * cause open is no answer: its fix asks for a recording, and it would hide that the cause is not known.
 */
function answerOf(symptoms: readonly Looked[], { evidence }: Facts): Looked | null {
  const isRecorded = evidence.loads.some(({ source }) => source === 'har');
  const answers = symptoms.filter(
    ({ check }) => isSymptom(check) && check.isAnswer && !(isRecorded && check.couldBe.length > 0),
  );
  const isAlone = symptoms.length === 1;
  return answers.find(({ check }) => isAlone || !isSymptom(check) || check.isAloneOnly !== true) ?? null;
}

function look(check: Check | Symptom, facts: Facts): Looked {
  try {
    return { check, signs: check.look(facts), brokeOff: null };
  } catch (error) {
    // The message may quote what was read; the kind of error does not.
    return { check, signs: null, brokeOff: error instanceof Error ? error.name : 'error' };
  }
}

function isSymptom(check: Check | Symptom): check is Symptom {
  return 'couldBe' in check;
}

function isFail(signs: readonly Sign[] | null): boolean {
  return signs?.some(({ isWarning }) => isWarning !== true) === true;
}

/** Whether another shown cause explains this one. */
function isExplained(check: Check | Symptom, causes: readonly Looked[]): boolean {
  return explanationOf(check, causes) !== null;
}

function explanationOf(check: Check | Symptom, causes: readonly Looked[]): string | null {
  const before = FOLLOWS[check.id] ?? [];
  const index = causes.findIndex((one) => one.check.id === check.id);
  const found = causes.find(
    (one, at) =>
      before.includes(one.check.id) && (index === -1 || at < index || !mutual(check.id, one.check.id)),
  );
  return found?.check.id ?? null;
}

/** Two causes that explain each other: the first in order counts. */
function mutual(one: string, other: string): boolean {
  return FOLLOWS[other]?.includes(one) === true;
}

/** What the shown symptoms may come of and no check could rule out. */
function stillOpen(looked: readonly Looked[], facts: Facts): readonly (Check | Symptom)[] {
  const undecided = new Set(
    looked.filter(({ signs, brokeOff }) => signs === null && brokeOff === null).map(({ check }) => check.id),
  );
  const ids = looked
    .filter(({ check, signs }) => isSymptom(check) && isFail(signs))
    .flatMap(({ check }) => (isSymptom(check) ? couldBeOf(check, facts) : []))
    .filter((id) => undecided.has(id));
  return [...new Set(ids)].flatMap((id) => checkOf(id) ?? []);
}

function rootCauseOf({ check, signs }: Looked, clean: (text: string) => string): RootCause {
  const failing = (signs ?? []).filter(({ isWarning }) => isWarning !== true);
  const first = <Key extends 'fix' | 'where' | 'why' | 'command'>(key: Key) =>
    failing.find((sign) => sign[key] !== undefined)?.[key];
  const where = first('where');
  const command = first('command');
  return {
    id: check.id,
    catalogue: check.catalogue,
    title: check.title,
    seen: failing.slice(0, MOST_SEEN).map(({ seen }) => clean(seen)),
    why: clean(withoutRules(first('why') ?? check.why)),
    fix: {
      text: clean(first('fix') ?? check.fix),
      ...(where === undefined ? {} : { where: clean(where) }),
      ...(command === undefined ? {} : { command: clean(command) }),
    },
  };
}

/** The text without numbers of docs/rules.md, which the reader of a report does not have. */
function withoutRules(text: string): string {
  return text.replaceAll(/ \((?:[RB]\d+(?:–[RB]?\d+)?(?:, )?)+\)/g, '');
}

interface Ranking {
  readonly answer: Looked | null;
  readonly causes: readonly Looked[];
  readonly open: readonly (Check | Symptom)[];
  readonly clean: (text: string) => string;
}

function findingOf(
  { check, signs, brokeOff }: Looked,
  { answer, causes, open, clean }: Ranking,
): Finding | null {
  const { id, catalogue } = check;
  const finding = (
    status: Status,
    seen: readonly string[],
    consequenceOf: string | null = null,
  ): Finding => ({
    id,
    status,
    catalogue,
    seen: seen.slice(0, MOST_SEEN).map(clean),
    consequenceOf,
  });
  if (brokeOff !== null) return finding('skip', [`This check broke off (${brokeOff}); please report it.`]);
  if (signs === null) return open.some((one) => one.id === id) ? finding('skip', []) : null;
  if (signs.length === 0) return finding('ok', []);
  const seen = signs.map((sign) => sign.seen);
  if (!isFail(signs)) return finding('warn', seen);
  const follows = isSymptom(check) ? (answer?.check.id ?? null) : explanationOf(check, causes);
  return finding('fail', seen, follows === id ? null : follows);
}

/** The policies of all cookies, each once. */
function decodedPolicies(
  { evidence, grants }: Facts,
  clean: (text: string) => string,
): readonly DecodedPolicy[] {
  const values = [
    ...grants.flatMap(({ cookies }) => cookies),
    ...evidence.loads.flatMap(({ cookies }) => cookies ?? []),
    ...evidence.held,
  ]
    .filter(({ name }) => name === 'CloudFront-Policy')
    .map(({ value }) => value);
  return [...new Set(values)].slice(0, 20).flatMap((value) => {
    const policy = readPolicy(value);
    return policy === null ? [] : [decoded(policy, clean)];
  });
}

function decoded(
  { resource, endsAt, startsAt, address }: SignedPolicy,
  clean: (text: string) => string,
): DecodedPolicy {
  return {
    resource: resource === null ? null : clean(printable(resource)),
    endsAt: isoTime(endsAt),
    startsAt: isoTime(startsAt),
    address: address === null ? null : printable(address),
  };
}

function isoTime(epochSeconds: number | null): string | null {
  if (epochSeconds === null) return null;
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? String(epochSeconds) : date.toISOString().replace('.000Z', 'Z');
}

/** Cookie values, tokens and signatures of the evidence: none of them may stand in an answer. */
function secretsOf({ loads, held, target }: Evidence): Secrets {
  const secrets = new Secrets();
  for (const { value } of held) secrets.add(value);
  if (target !== null) secrets.addQuery(target);
  for (const load of loads) {
    secrets.addQuery(load.url);
    for (const { value } of load.cookies ?? []) secrets.add(value);
    for (const line of setCookieLines(load.headers)) secrets.add(/=([^;]*)/.exec(line)?.[1] ?? null);
    for (const [name, value] of load.requestHeaders ?? []) {
      if (/^(?:authorization|proxy-authorization|cookie|x-api-key|x-.*token.*)$/i.test(name)) {
        secrets.add(value);
        secrets.add(value.replace(/^\S+ /, ''));
      }
    }
  }
  return secrets;
}
