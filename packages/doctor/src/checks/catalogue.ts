import { ACCESS_CHECKS } from './access.js';
import { STAGES, type Check, type Symptom } from './check.js';
import { COOKIE_ATTRIBUTE_CHECKS } from './cookie-attributes.js';
import { COOKIE_LIFE_CHECKS } from './cookie-lives.js';
import { COOKIE_SENT_CHECKS } from './cookie-sent.js';
import { COOKIE_SITE_CHECKS } from './cookie-sites.js';
import { CORS_CHECKS } from './cors.js';
import { GRANT_CALL_CHECKS } from './grant-call.js';
import { PAGE_AND_NETWORK_CHECKS } from './page-and-network.js';
import { PREFLIGHT_CHECKS } from './preflight.js';
import { SYMPTOMS } from './symptoms.js';
import { VIEWER_CHECKS } from './viewers.js';

/** Every cause that is looked for, in the order in which one explains the next. */
export const CHECKS: readonly Check[] = [
  ...PAGE_AND_NETWORK_CHECKS,
  ...COOKIE_ATTRIBUTE_CHECKS,
  ...COOKIE_SITE_CHECKS,
  ...COOKIE_LIFE_CHECKS,
  ...GRANT_CALL_CHECKS,
  ...COOKIE_SENT_CHECKS,
  ...PREFLIGHT_CHECKS,
  ...ACCESS_CHECKS,
  ...VIEWER_CHECKS,
  ...CORS_CHECKS,
].toSorted((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));

export { SYMPTOMS };

/** A cause or symptom by its id. */
export function checkOf(id: string): Check | Symptom | null {
  return [...CHECKS, ...SYMPTOMS].find((check) => check.id === id) ?? null;
}
