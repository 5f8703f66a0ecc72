/** The oldest Node that the service runs on (`engines` in packages/service/package.json says the same). */
const SERVICE_FLOOR: Floor = [24, 15];

/** The oldest Node that the module and its own commands run on (`engines` in package.json says the same). */
const MODULE_FLOOR: Floor = [22, 12];

/** The commands that the module brings by itself; `edge` and `doctor` have packages with the same floor. */
const MODULE_COMMANDS: readonly (string | undefined)[] = ['keys', 'edge', 'doctor'];

/**
 * Says in one line why this Node cannot run a command, or `null` when it can.
 * @param version `process.versions.node`: `20.20.2`
 * @param command `keys`; without one, the floor is that of the service
 */
export function nodeVersionProblem(version: string, command?: string): string | null {
  const floor = MODULE_COMMANDS.includes(command) ? MODULE_FLOOR : SERVICE_FLOOR;
  if (isAtLeast(version, floor)) return null;
  return (
    `${tooOld(version, floor)}. ` +
    'In a clone, `npm ci && npm start` brings its own on Linux; elsewhere see https://nodejs.org.'
  );
}

/**
 * Stops a host application on a Node that is too old: without it, the start succeeds and calls fail, because newer
 * functions of the language are missing.
 * @throws {Error} with one sentence that names both versions
 */
export function assertModuleRunsOn(version: string): void {
  if (!isAtLeast(version, MODULE_FLOOR)) throw new Error(`${tooOld(version, MODULE_FLOOR)}.`);
}

type Floor = readonly [major: number, minor: number];

function isAtLeast(version: string, floor: Floor): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > floor[0] || (major === floor[0] && minor >= floor[1]);
}

function tooOld(version: string, floor: Floor): string {
  return `edgepass needs Node ${floor.join('.')} or newer and this is Node ${version}`;
}
