/** The value of every switch. */
export type Switches = {
  readonly sha256Cookies: 'accept' | 'refuse';
  readonly questionMark: 'either' | 'escaped' | 'bare';
  readonly refusalHeaders: 'none' | 'policy';
  readonly anyOriginWithCredentials: 'refuse' | 'accept';
  readonly originVary: 'forwarded' | 'keep';
  readonly expirySecond: 'deny' | 'allow';
  readonly duplicateCookies: 'first' | 'last' | 'refuse';
  readonly ipv6Viewer: 'deny' | 'allow';
};

/** The name of a switch, as written in `edge.json`. */
export type SwitchName = keyof Switches;

/** What one switch may be set to in `edge.json`, and what it decides. The first value is the default. */
interface SwitchDescription<Value extends string> {
  readonly values: readonly [Value, ...Value[]];
  readonly rules: string;
  readonly meaning: string;
}

/**
 * What AWS leaves open and a person flips to reproduce what a real distribution did, one named switch each.
 * What else AWS leaves open is a constant where it is decided, with its reason beside it. The defaults are
 * those that docs/rules.md names.
 */
export const SWITCHES: { readonly [Name in SwitchName]: SwitchDescription<Switches[Name]> } = {
  sha256Cookies: {
    values: ['accept', 'refuse'],
    rules: 'R3',
    meaning: 'cookies whose marker says SHA256',
  },
  questionMark: {
    values: ['either', 'escaped', 'bare'],
    rules: 'R25',
    meaning: 'how the `?` before a query is written in a Resource: `\\?`, `?`, or either',
  },
  refusalHeaders: {
    values: ['none', 'policy'],
    rules: 'R59',
    meaning: 'whether refusals R51–R57 carry the headers of the response headers policy',
  },
  anyOriginWithCredentials: {
    values: ['refuse', 'accept'],
    rules: 'R75',
    meaning: 'a response headers policy with origin `*` and credentials (a mistake in the folder)',
  },
  originVary: {
    values: ['forwarded', 'keep'],
    rules: 'R87',
    meaning: "names in the origin's `Vary` that are not forwarded to it: dropped or kept",
  },
  expirySecond: {
    values: ['deny', 'allow'],
    rules: 'R28',
    meaning: 'the very second that `DateLessThan` names',
  },
  duplicateCookies: {
    values: ['first', 'last', 'refuse'],
    rules: 'R44',
    meaning: 'which of two cookies of one name is read',
  },
  ipv6Viewer: {
    values: ['deny', 'allow'],
    rules: 'R31',
    meaning: 'a viewer with an IPv6 address under an `IpAddress` condition',
  },
};

/** Every switch at its default. */
export const DEFAULT_SWITCHES: Switches = Object.fromEntries(
  Object.entries(SWITCHES).map(([name, description]) => [name, description.values[0]]),
) as Switches;
