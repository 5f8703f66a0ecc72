import { CHECKS, SYMPTOMS } from './checks/catalogue.js';

/** What `--list` prints: a line for each cause. */
export function listOfChecks(): string {
  const width = Math.max(...[...CHECKS, ...SYMPTOMS].map(({ id }) => id.length));
  const lines = [...CHECKS, ...SYMPTOMS].map(
    ({ id, catalogue, title }) => `${id.padEnd(width)}  ${(catalogue[0] ?? '-').padEnd(3)}  ${title}`,
  );
  return `${lines.join('\n')}\n`;
}
