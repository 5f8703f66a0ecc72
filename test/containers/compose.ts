import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { repository } from './dockerfile.js';

export interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface Compose {
  readonly services: Readonly<Record<'edgepass' | 'database', ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const composeFile = `${repository}docker-compose.yml`;

/** Gives our docker-compose.yml as it is parsed. */
export function readCompose(): Compose {
  return parse(readFileSync(composeFile, 'utf8')) as Compose;
}
