/**
 * The doctor for other programs: gather evidence from a live address, a HAR, console lines or a distribution's JSON, and
 * ask which cause explains it.
 */
export {
  diagnose,
  type DecodedPolicy,
  type Diagnosis,
  type Finding,
  type Fix,
  type Possible,
  type RootCause,
  type Status,
} from './diagnose.js';
export type { CookiePair, Evidence, HeldCookie, Load } from './evidence/evidence.js';
export { joinEvidence } from './evidence/join-evidence.js';
export { probe, type ProbeInput } from './evidence/probe.js';
export { readConfiguration, type ConfigurationResult } from './evidence/read-configuration.js';
export { readConsole } from './evidence/read-console.js';
export { readHar, type HarResult } from './evidence/read-har.js';
export { readJar, type JarInput, type KnownGrant } from './evidence/read-jar.js';
export { readSettings, type SettingsResult } from './evidence/read-settings.js';
export { report } from './report.js';
export { listOfChecks } from './page.js';
