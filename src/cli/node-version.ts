/** The oldest Node that the service runs on (`engines` in packages/service/package.json says the same). */
const SERVICE_FLOOR = [24, 15] as const;

/** The oldest Node that the module and its own commands run on (`engines` in package.json says the same). */
const MODULE_FLOOR = [22, 12] as const;

/** The commands that the module brings by itself; `edge` and `doctor` have packages with the same floor. */
const MODULE_COMMANDS: readonly (string | undefined)[] = ['keys', 'edge', 'doctor'];

/**
 * Says in one line why this Node cannot run a command, or `null` when it can.
 * @param version `process.versions.node`: `20.20.2`
 * @param command `keys`; without one, the floor is that of the service
 */
export function nodeVersionProblem(version: string, command?: string): string | null {
  const floor = MODULE_COMMANDS.includes(command) ? MODULE_FLOOR : SERVICE_FLOOR;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > floor[0] || (major === floor[0] && minor >= floor[1])) return null;
  return (
    `edgepass needs Node ${floor.join('.')} or newer and this is Node ${version}. ` +
    'In a clone, `npm ci && npm start` brings its own on Linux; elsewhere see https://nodejs.org.'
  );
}
