/** The oldest Node that edgepass runs on (`engines` in package.json says the same). */
const FLOOR = [24, 15] as const;

/**
 * Says in one line why this Node cannot run edgepass, or `null` when it can.
 * @param version `process.versions.node`: `20.20.2`
 */
export function nodeVersionProblem(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) return null;
  return (
    `edgepass needs Node ${FLOOR.join('.')} or newer and this is Node ${version}. ` +
    'In a clone, `npm ci && npm start` brings its own on Linux; elsewhere see https://nodejs.org.'
  );
}
