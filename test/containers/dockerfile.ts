import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DockerfileParser, type Copy, type From } from 'dockerfile-ast';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface Instruction {
  /** Upper case: `COPY`. */
  readonly keyword: string;
  /** As written; Docker's own flags (`--from=…`) excluded. */
  readonly words: readonly string[];
  /** The members of an exec form (`["node", "x.js"]`), else null. */
  readonly exec: readonly string[] | null;
  /** For COPY: the stage that it copies from. */
  readonly fromStage: string | null;
}

export interface Stage {
  readonly name: string;
  /** The name of an earlier stage, or an image. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export const dockerfileText = readFileSync(`${repository}Dockerfile`, 'utf8');

/** Gives the stages of our Dockerfile in order. */
export function readStages(): readonly Stage[] {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const parsed of DockerfileParser.parse(dockerfileText).getInstructions()) {
    const keyword = parsed.getKeyword();
    if (keyword === 'FROM') {
      const from = parsed as From;
      stages.push({ name: from.getBuildStage() ?? '', base: from.getImage() ?? '', instructions: [] });
      continue;
    }
    const words = parsed
      .getArguments()
      .map((argument) => argument.getValue())
      .filter((word) => keyword === 'RUN' || !word.startsWith('--'));
    stages.at(-1)?.instructions.push({
      keyword,
      words,
      exec: readExecForm(keyword === 'HEALTHCHECK' ? words.slice(1) : words),
      fromStage: keyword === 'COPY' ? ((parsed as Copy).getFromFlag()?.getValue() ?? null) : null,
    });
  }
  return stages;
}

function readExecForm(words: readonly string[]): readonly string[] | null {
  return words[0]?.startsWith('[') === true ? (JSON.parse(words.join(' ')) as string[]) : null;
}

/** The named stage after everything that it builds upon: base first, as Docker applies it. */
export function lineage(stages: readonly Stage[], name: string): readonly Instruction[] {
  const stage = stages.find((candidate) => candidate.name === name);
  if (stage === undefined) return [];
  return [...lineage(stages, stage.base), ...stage.instructions];
}

/** What a container of that stage starts with. Throws an Error when the Dockerfile leaves one of them out. */
export function containerOf(
  stages: readonly Stage[],
  name: string,
): {
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly folder: string;
} {
  const instructions = lineage(stages, name);
  const last = (keyword: string): Instruction => {
    const found = instructions.findLast((instruction) => instruction.keyword === keyword);
    if (found === undefined) throw new Error(`expected the stage ${name} to have ${keyword}`);
    return found;
  };
  const exec = (keyword: string): readonly string[] => {
    const found = last(keyword).exec;
    if (found === null) throw new Error(`expected ${keyword} of the stage ${name} in exec form`);
    return found;
  };
  const environment = instructions
    .filter(({ keyword }) => keyword === 'ENV')
    .flatMap(({ words }) => words.map((word) => word.split('=', 2) as [string, string]));
  return {
    command: exec('CMD'),
    healthCheck: exec('HEALTHCHECK'),
    environment: Object.fromEntries(environment),
    user: last('USER').words.join(' '),
    folder: last('WORKDIR').words.join(' '),
  };
}
