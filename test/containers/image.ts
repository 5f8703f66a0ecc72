import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { startProcess, type ExitStatus, type RunningProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { containerOf, lineage, readStages, repository } from './dockerfile.js';

const stages = readStages();

/**
 * Does what the Dockerfile says, without Docker: builds from nothing but what it copies (with this
 * repository's packages, which are those of its `npm ci`), installs the production packages by its own
 * RUN line, and joins the two. Gives the folder that would be /app. Takes 10 to 20 seconds.
 */
export async function assembleImage(): Promise<string> {
  const [build, app] = [join(temporaryFolder('image-build'), 'app'), join(temporaryFolder('image'), 'app')];
  copyContext('build', build);
  copyContext('dependencies', app);
  symlinkSync(join(repository, 'node_modules'), join(build, 'node_modules'));
  await Promise.all([runLast('build', build), runLast('dependencies', app)]);
  const built = lineage(stages, 'api').filter(({ fromStage }) => fromStage === 'build');
  for (const { words } of built) {
    for (const source of words.slice(0, -1)) {
      cpSync(join(build, relative('/app', source)), join(app, words.at(-1) ?? ''), { recursive: true });
    }
  }
  return app;
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
  app: string,
  additions: Readonly<Record<string, string>>,
): RunningProcess & { healthCheck(): Promise<ExitStatus & { output: string }> } {
  const container = containerOf(stages, stage);
  const environment = {
    HOME: undefined,
    TMPDIR: undefined,
    ...container.environment,
    PATH: dirname(process.execPath),
    ...additions,
  };
  const start = ([command = '', ...args]: readonly string[]): RunningProcess =>
    startProcess(command === 'node' ? process.execPath : command, args, { cwd: app, environment });
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

/** Repeats the HEALTHCHECK, as Docker does, until it passes; rejects when the process ends or a minute has passed. */
export async function untilHealthy(container: ReturnType<typeof startContainer>): Promise<void> {
  const deadline = performance.now() + 60_000;
  let last = '';
  while (container.child.exitCode === null && container.child.signalCode === null) {
    // oxlint-disable-next-line no-await-in-loop -- each answer decides whether to ask again
    const { code, output } = await container.healthCheck();
    if (code === 0) return;
    last = output;
    if (performance.now() > deadline) break;
  }
  throw new Error(
    `expected the health check to pass; it said: ${last}\nthe container printed:\n${container.stdout()}${container.stderr()}`,
  );
}

/** Every path below a folder: a file that a container has added shows as a difference. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}
