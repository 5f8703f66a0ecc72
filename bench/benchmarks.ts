import { benchAudit } from './audit/bench-audit.js';
import { benchDoctor } from './doctor/bench-doctor.js';
import { benchEdge } from './edge/bench-edge.js';
import { benchEdgeNginx } from './edge/bench-edge-nginx.js';
import { benchHops } from './hops/bench-hops.js';
import { benchOverload } from './overload/bench-overload.js';
import { benchRows } from './rows/bench-rows.js';
import { benchUpgrade } from './rows/bench-upgrade.js';
import { benchInstances } from './instances/bench-instances.js';
import { machineLine } from './machine.js';
import { ratioTable, type Ratio } from './statistics.js';
import { benchSoak } from './soak/bench-soak.js';
import { benchGrants } from './grants/bench-grants.js';
import { profileGrants } from './grants/profile-grants.js';

/** Prints one benchmark and may give its ratios; throws when an answer was wrong, so that no figure of it counts. */
type Benchmark = () => Promise<readonly Ratio[] | void>;

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  grants: benchGrants,
  audit: benchAudit,
  instances: benchInstances,
  'grants-profile': profileGrants,
  edge: benchEdge,
  'edge-nginx': benchEdgeNginx,
  doctor: benchDoctor,
  overload: benchOverload,
  rows: benchRows,
  upgrade: benchUpgrade,
  soak: benchSoak,
  hops: benchHops,
};

/** Only where they are named: three take long, two of them gigabytes, and `hops` measures no speed. */
const ONLY_NAMED: ReadonlySet<string> = new Set(['rows', 'upgrade', 'soak', 'hops']);

/** Runs the named benchmarks, or all but {@link ONLY_NAMED}; gives the exit code: 2 for an unknown name. */
export async function runBenchmarks(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
    return 2;
  }
  const ratios: Ratio[] = [];
  for (const [name, run] of Object.entries(BENCHMARKS)) {
    if (names.length === 0 ? ONLY_NAMED.has(name) : !names.includes(name)) continue;
    // oxlint-disable-next-line no-await-in-loop -- two at once would measure each other
    ratios.push(...((await run()) ?? []));
  }
  if (ratios.length > 0) console.log(`\n${machineLine()}\n\n${ratioTable(ratios)}`);
  return 0;
}
