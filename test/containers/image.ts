import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LINKED_PACKAGES, linkPackage } from '../support/link-package.js';
import { NOT_KEPT, startProcess, type ExitStatus, type RunningProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { containerOf, lineage, readStages, repository, type Instruction } from './dockerfile.js';

const stages = readStages();

const BETWEEN_CHECKS_MILLISECONDS = 100;

/** What would be /app in the image, as the stage `api` leaves it. */
export interface Image {
  readonly app: string;
  /** What every Node there needs, beside the environment of its stage. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a line of JavaScript there, as an ES module; rejects with all it printed where it fails. */
  runScript(script: string): Promise<void>;
  /** Copies what a stage that builds upon `api` adds. */
  addStage(name: string): void;
}

/**
 * Does what the Dockerfile says, without Docker: builds from nothing but what it copies (with this
 * repository's packages, which are those of its `npm ci`), installs the production packages, and joins the
 * two.
 * @param isFresh false: joins what is built and installed in this repository already
 */
export async function assembleImage(isFresh: boolean): Promise<Image> {
  const app = join(temporaryFolder('image'), 'app');
  const build = isFresh ? join(temporaryFolder('image-build'), 'app') : repository;
  copyContext('dependencies', app);
  if (isFresh) {
    copyContext('build', build);
    symlinkSync(join(repository, 'node_modules'), join(build, 'node_modules'));
    await Promise.all([runLast('build', build), runLast('dependencies', app)]);
  } else {
    linkPackages(app);
  }
  const addBuilt = (instructions: readonly Instruction[]): void => {
    for (const { words } of instructions.filter(({ fromStage }) => fromStage === 'build')) {
      for (const source of words.slice(0, -1)) {
        cpSync(join(build, relative('/app', source)), join(app, words.at(-1) ?? ''), { recursive: true });
      }
    }
  };
  addBuilt(lineage(stages, 'api'));
  const addStage = (name: string): void =>
    addBuilt(stages.find((stage) => stage.name === name)?.instructions ?? []);
  const environment: Image['environment'] = isFresh ? {} : { NODE_OPTIONS: LINKED_PACKAGES };
  const runScript = async (script: string): Promise<void> => {
    const started = startProcess(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: app,
      environment: { ...NOT_KEPT, ...environment },
    });
    const { code } = await started.ended;
    if (code !== 0) throw new Error(`expected ${script} to work:\n${started.stderr()}`);
  };
  return { app, environment, runScript, addStage };
}

function copyContext(stage: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { words } of lineage(stages, stage).filter(({ keyword }) => keyword === 'COPY')) {
    for (const source of words.slice(0, -1)) {
      cpSync(join(repository, source), join(folder, source), {
        recursive: true,
        filter: (path) => !['node_modules', 'dist'].includes(basename(path)) && !path.endsWith('.spec.ts'),
      });
    }
  }
}

/** What `npm ci --omit=dev --omit=optional` would install, by what the lock file says, from this repository's own packages. */
function linkPackages(app: string): void {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean; link?: boolean }>;
  };
  for (const [place, { dev, optional, devOptional, link }] of Object.entries(lock.packages)) {
    if (!place.includes('node_modules/') || dev === true || optional === true || devOptional === true)
      continue;
    if (link === true) {
      mkdirSync(dirname(join(app, place)), { recursive: true });
      symlinkSync(readlinkSync(join(repository, place)), join(app, place));
    } else linkPackage(repository, place, app);
  }
}

async function runLast(stage: string, folder: string): Promise<void> {
  const [command = '', ...args] =
    lineage(stages, stage).findLast(({ keyword }) => keyword === 'RUN')?.words ?? [];
  // The registry and the cache that this repository was installed with.
  const npm = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|cache|userconfig)|(https?|no)_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
  );
  const started = startProcess(command, args, {
    cwd: folder,
    environment: { ...Object.fromEntries(npm), npm_config_prefer_offline: 'true', npm_config_audit: 'false' },
  });
  const { code } = await started.ended;
  if (code !== 0) {
    throw new Error(
      `expected ${[command, ...args].join(' ')} to pass:\n${started.stdout()}${started.stderr()}`,
    );
  }
}

/** Starts the CMD of a stage in /app with the stage's environment and these additions, and nothing else. */
export function startContainer(
  stage: string,
  image: Image,
  additions: Readonly<Record<string, string>>,
): RunningProcess & { healthCheck(): Promise<ExitStatus & { output: string }> } {
  const container = containerOf(stages, stage);
  const environment = {
    ...NOT_KEPT,
    HOME: undefined,
    TMPDIR: undefined,
    ...container.environment,
    PATH: dirname(process.execPath),
    ...image.environment,
    ...additions,
  };
  const start = ([command = '', ...args]: readonly string[]): RunningProcess =>
    startProcess(command === 'node' ? process.execPath : command, args, { cwd: image.app, environment });
  const running = start(container.command);
  return {
    ...running,
    healthCheck: async () => {
      const check = start(container.healthCheck);
      const status = await check.ended;
      return { ...status, output: check.stdout() + check.stderr() };
    },
  };
}

/**
 * Waits for the line that says that it listens, for no HEALTHCHECK passes before, and then repeats the HEALTHCHECK, as
 * Docker does, until it passes; rejects when the process ends or a minute has passed.
 */
export async function untilHealthy(container: ReturnType<typeof startContainer>): Promise<void> {
  const deadline = performance.now() + 60_000;
  await container.waitForLine(/"listening"|^edgepass is running/, 60_000);
  let last = '';
  while (container.child.exitCode === null && container.child.signalCode === null) {
    // oxlint-disable-next-line no-await-in-loop -- each answer decides whether to ask again
    const { code, output } = await container.healthCheck();
    if (code === 0) return;
    last = output;
    if (performance.now() > deadline) break;
    // oxlint-disable-next-line no-await-in-loop -- the container needs the processor
    await pause(BETWEEN_CHECKS_MILLISECONDS);
  }
  throw new Error(
    `expected the health check to pass; it said: ${last}\nthe container printed:\n${container.stdout()}${container.stderr()}`,
  );
}

/** Every path below a folder: a file that a container has added shows as a difference. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}
