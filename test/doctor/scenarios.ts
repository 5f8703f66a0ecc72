import { getDomain } from 'tldts';
import { ACCESS_REFUSED } from './scenarios-access.js';
import { COOKIES_NOT_SENT } from './scenarios-cookies-sent.js';
import { COOKIES_NOT_STORED } from './scenarios-cookies-set.js';
import { KEPT_FROM_THE_PAGE } from './scenarios-cors.js';
import { API, CDN, healthyWorld, type World } from './stage.js';
import type { Scenario } from './world-changes.js';

/** Faults that a recording of the browser shows, in the order of the catalogue. */
export const RECORDED: readonly Scenario[] = [
  ...COOKIES_NOT_STORED,
  ...COOKIES_NOT_SENT,
  ...ACCESS_REFUSED,
  ...KEPT_FROM_THE_PAGE,
].toSorted((a, b) => Number(a.entry.slice(1)) - Number(b.entry.slice(1)));

/** Whether a fault moves the API to another host. */
function movesApi({ change }: Scenario): boolean {
  const [before, after] = [healthyWorld(), healthyWorld()];
  change(after);
  return before.api !== after.api;
}

/** A world with several faults. An API has one host: where two faults move it, the page asks each of the two for a grant. */
export function faultyWorld(faults: readonly Scenario[]): World {
  const world = healthyWorld();
  let moved = false;
  for (const fault of faults) {
    if (moved && movesApi(fault)) {
      const { api, grant } = world;
      world.earlier = { api, grant };
      world.api = API;
      world.grant = { ...healthyWorld().grant, cors: grant.cors, resource: grant.resource };
    }
    fault.change(world);
    moved ||= movesApi(fault);
  }
  const { cdn, grant } = world;
  world.grant = { ...grant, resource: grant.resource.replace(CDN, cdn) };
  world.steps = world.steps.map((step) =>
    'url' in step ? { ...step, url: step.url.replace(CDN, cdn) } : step,
  );
  if (world.earlier !== undefined)
    world.earlier = { ...world.earlier, grant: { ...world.earlier.grant, cors: world.grant.cors } };
  return world;
}

/**
 * What may be named of several faults: each of them, or nothing. And one that they make together, and none of them alone:
 * SameSite=Strict is right for a page of the API's site, and wrong where another fault has moved the page to another site.
 */
export function mayBeNamed(faults: readonly Scenario[]): readonly (string | null)[] {
  const isMadeTogether =
    keepsFromAnotherSite(faultyWorld(faults)) &&
    !faults.some((fault) => keepsFromAnotherSite(faultyWorld([fault])));
  return [null, ...faults.map(({ id }) => id), ...(isMadeTogether ? ['samesite-on-another-site'] : [])];
}

function keepsFromAnotherSite({ page, api, grant }: World): boolean {
  return getDomain(page) !== getDomain(api) && /SameSite=(?:Lax|Strict)/.test(grant.attributes);
}
