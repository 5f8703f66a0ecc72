import { header, type Evidence, type Load } from './evidence.js';

/** Checks compare loads with each other, so more of them are thinned out. */
const MOST_LOADS = 2000;
/** Of loads that are alike, as many of the first and of the last: what changes with time shows at both ends. */
const KEPT_AT_EACH_END = 20;

/** Headers that make a difference to a check, of the request and of the answer. */
const DECIDING_HEADERS = [
  'origin',
  'user-agent',
  'access-control-request-method',
  'access-control-request-headers',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'vary',
  'cache-control',
  'x-cache',
  'server',
  'content-type',
  'content-security-policy',
  'cross-origin-resource-policy',
  'cross-origin-embedder-policy',
  'location',
] as const;

/** Puts what several readers found together; of thousands of loads that are alike, some of each kind. */
export function joinEvidence(parts: readonly Partial<Evidence>[], base: Partial<Evidence>): Evidence {
  const all = [...parts, base];
  const every = all.flatMap(({ loads = [] }) => loads);
  const { loads, isIncomplete } = sampleLoads(every);
  const left = isIncomplete
    ? [
        `Of ${every.length} requests ${loads.length} were looked at: hand over a recording of the failing load alone.`,
      ]
    : [];
  return {
    nowMilliseconds: base.nowMilliseconds ?? 0,
    target: base.target ?? parts.find(({ target }) => (target ?? null) !== null)?.target ?? null,
    app: base.app ?? parts.find(({ app }) => (app ?? null) !== null)?.app ?? null,
    loads,
    sayings: all.flatMap(({ sayings = [] }) => sayings),
    held: all.flatMap(({ held = [] }) => held),
    jar: all.find(({ jar = null }) => jar !== null)?.jar ?? null,
    startProblems: all.find(({ startProblems = null }) => startProblems !== null)?.startProblems ?? null,
    configuration: all.flatMap(({ configuration = [] }) => configuration),
    certificates: all.flatMap(({ certificates = [] }) => certificates),
    sources: [...new Set(all.flatMap(({ sources = [] }) => sources))],
    notes: [...new Set([...all.flatMap(({ notes = [] }) => notes), ...left])],
  };
}

/** What is left of many loads. */
interface SampledLoads {
  readonly loads: readonly Load[];
  /** Whether loads were left out that are like no other. */
  readonly isIncomplete: boolean;
}

/**
 * Thins out thousands of loads: of those that are alike, such as the segments of one video, the first and the last are
 * kept, and with each the loads of the same address. At most 2,000 are left as they are.
 */
function sampleLoads(loads: readonly Load[]): SampledLoads {
  if (loads.length <= MOST_LOADS) return { loads, isIncomplete: false };
  const fine = withTwins(
    endsOfEach(loads, (load) => `${placeOf(load)} ${kindOf(load)}`),
    loads,
  );
  if (fine.length <= MOST_LOADS) return { loads: fine, isIncomplete: false };
  const coarse = endsOfEach(fine, ({ method, mode, dest, status, reason, failed }) =>
    [method, mode, dest, status, reason, failed].join(' '),
  );
  return { loads: coarse.slice(0, MOST_LOADS), isIncomplete: true };
}

function endsOfEach(loads: readonly Load[], keyOf: (load: Load) => string): readonly Load[] {
  const kept = new Set<Load>();
  for (const alike of Map.groupBy(loads, keyOf).values()) {
    for (const load of alike.slice(0, KEPT_AT_EACH_END)) kept.add(load);
    for (const load of alike.slice(-KEPT_AT_EACH_END)) kept.add(load);
  }
  return loads.filter((load) => kept.has(load));
}

/** Adds loads of the same address as one that is kept: one address with two answers is a sign of its own. */
function withTwins(kept: readonly Load[], all: readonly Load[]): readonly Load[] {
  const addresses = new Set(kept.map(({ url }) => url));
  const chosen = new Set(kept);
  const ofAddresses = all.filter(({ url }) => addresses.has(url));
  for (const load of endsOfEach(ofAddresses, (one) => `${one.url} ${kindOf(one)}`)) chosen.add(load);
  return all.filter((load) => chosen.has(load));
}

/** Host, folder and kind of file. */
function placeOf({ url }: Load): string {
  const [address = ''] = url.split(/[?#]/, 1);
  const slash = address.lastIndexOf('/');
  return `${address.slice(0, slash)} ${/\.\w+$/.exec(address.slice(slash))?.[0] ?? ''}`;
}

/** Everything of a load that a check decides by, but for its address and time. */
function kindOf(load: Load): string {
  const { requestHeaders, headers, cookies, errorBody } = load;
  const parts = [
    load.source,
    load.method,
    load.page,
    load.top,
    load.mode,
    load.dest,
    load.status,
    load.reason,
    load.quoted,
    load.fromBrowserCache,
    load.failed,
    load.redirectedFrom !== null,
    load.isComparison,
    load.probe,
    load.decidedBy,
    load.initiators.join(','),
    cookies === null ? null : cookies.map(({ name, value }) => `${name}=${value}`).join(';'),
    // The length of CloudFront's error page says which it is (R51–R55).
    load.status === 403 ? header(headers, 'content-length') : null,
    errorBody === null ? null : (/<Code>\w*<\/Code>/.exec(errorBody)?.[0] ?? null),
    header(headers, 'set-cookie'),
    ...DECIDING_HEADERS.map((name) => header(requestHeaders, name) ?? header(headers, name)),
  ];
  return parts.join('\n');
}
