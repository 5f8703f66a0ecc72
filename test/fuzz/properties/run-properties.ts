import * as fc from 'fast-check';
import { everyProperty, type Rules } from './every-property.js';
import { Tally } from './named-property.js';

/** How much to execute, from which seed on. */
export interface PropertiesRun {
  readonly seed: number;
  /** Executions of all properties together, at least. */
  readonly count: number;
  /** Only this one, to see a failure again; with fast-check's path to it at once. */
  readonly only?: string;
  readonly path?: string;
}

/** What a run found. */
export interface PropertiesReport {
  readonly executions: number;
  /** How often the properties met what, so that a run of refusals alone shows. */
  readonly met: Readonly<Record<string, number>>;
  /** One text each: the property, the smallest counterexample, and what shows it again. */
  readonly failures: readonly string[];
}

/** Executes every property the same number of times. */
export function runProperties(rules: Rules, run: PropertiesRun): PropertiesReport {
  const tally = new Tally();
  const properties = everyProperty(rules, tally).filter(({ name }) => name === (run.only ?? name));
  const numRuns = Math.ceil(run.count / Math.max(1, properties.length));
  const failures: string[] = [];
  let executions = 0;
  for (const { name, property } of properties) {
    const details = fc.check(property, {
      seed: run.seed,
      numRuns,
      ...(run.path === undefined ? {} : { path: run.path }),
    }) as fc.RunDetails<unknown>;
    executions += details.numRuns;
    if (details.failed) failures.push(describeFailure(name, details));
  }
  return { executions, met: tally.counts, failures };
}

function describeFailure(name: string, details: fc.RunDetails<unknown>): string {
  const { error } = details as { error?: { message?: string } };
  return [
    `property: ${name}`,
    `counterexample: ${fc.stringify(details.counterexample)}`,
    `because: ${error?.message ?? String(details.errorInstance)}`,
    `again: npm run fuzz:properties -- --seed ${details.seed} --path ${details.counterexamplePath ?? ''} --only '${name}'`,
  ].join('\n');
}
