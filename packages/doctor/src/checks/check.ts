import type { ConfigurationFact, JarFact, Load } from '../evidence/evidence.js';
import { showUrl } from '../evidence/show.js';
import type { Facts } from '../facts.js';

/**
 * Where on the way of a request a fault lies. What comes first explains what comes later: a certificate that fails
 * explains a missing cookie, and a missing cookie explains a 403. The grant's answer comes last: where the page cannot read
 * it, the browser stores its cookies all the same (B79), so it explains nothing else.
 */
export const STAGES = [
  'page',
  'network',
  'cookie-set',
  'viewer-changed',
  'cookie-sent',
  'preflight',
  'access',
  'cors',
  'blocked',
  'grant-answer',
  'symptom',
] as const;
export type Stage = (typeof STAGES)[number];

/** One place where the evidence shows the fault. */
export interface Sign {
  /** What was seen, in words that hold no secret. */
  readonly seen: string;
  /** The setting to change, where the evidence names it. */
  readonly where?: string;
  /** A more exact fix than that of the check. */
  readonly fix?: string;
  /** A more exact reason than that of the check. */
  readonly why?: string;
  readonly command?: string;
  /** Works as things stand, and will fail for some viewers or later. */
  readonly isWarning?: boolean;
}

/** One cause that is looked for. */
export interface Check {
  /** Stable: scripts rely on it. */
  readonly id: string;
  /** Numbers of the catalogue in docs/rules.md; empty for a cause that it does not have. */
  readonly catalogue: readonly string[];
  readonly stage: Exclude<Stage, 'symptom'>;
  /** The cause in one sentence. */
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** What shows it, for docs/doctor.md. */
  readonly evidence: string;
  /** The one observation that tells it from its neighbours. */
  readonly toTellApart: string;
  /**
   * Looks at the facts. Signs: it is shown. An empty list: looked, and it is not so. Null: the evidence cannot tell.
   */
  look(facts: Facts): readonly Sign[] | null;
}

/** Something that follows from a cause, by which the causes are listed while none is shown. */
export interface Symptom extends Omit<Check, 'stage'> {
  readonly stage: 'symptom';
  /** The causes it may have, the likeliest first. */
  readonly couldBe: readonly string[];
  /** Whether it is an answer in itself where nothing deeper is shown. */
  readonly isAnswer: boolean;
  /** Said only where nothing else is shown: it is about what the evidence lacks, and follows from no cause. */
  readonly isAloneOnly?: boolean;
}

/** A load in a sentence: where it was seen, and its address. */
export function shown({ where, url }: Load): string {
  return `${where}: ${showUrl(url)}`;
}

/** Loads of which a browser gave one of these reasons. */
export function loadsWith({ evidence }: Facts, ...reasons: readonly Load['reason'][]): readonly Load[] {
  return evidence.loads.filter(({ reason }) => reasons.includes(reason));
}

/** What a configuration says, as a sign. */
export function signOf({ text, where, fix, isWarning }: ConfigurationFact): Sign {
  return {
    seen: text,
    where,
    ...(fix === undefined ? {} : { fix }),
    ...(isWarning === undefined ? {} : { isWarning }),
  };
}

/** What a browser showed to its API, as signs. */
export function jarSigns({ evidence }: Facts, kind: JarFact['kind']): readonly Sign[] {
  return (evidence.jar ?? [])
    .filter((fact) => fact.kind === kind)
    .map(({ text, isWarning = false }) => ({ seen: text, isWarning }));
}

/** A sign for each load, in words of one kind; null without a load. */
export function signsOf(loads: readonly Load[], seen: (load: Load) => string): readonly Sign[] | null {
  return loads.length === 0 ? null : distinct(loads.map((load) => ({ seen: seen(load) })));
}

/** One sign for each distinct text. */
export function distinct(signs: readonly Sign[]): readonly Sign[] {
  const known = new Set<string>();
  return signs.filter(({ seen }) => !known.has(seen) && known.add(seen));
}
