// Compiles the service and its packages for `npm start`: what has changed since the last time, without checking
// types (`npm run typecheck` does that, and `npm run build` too). Plain JavaScript, because it makes the rest.
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Each folder of sources and where its JavaScript goes, as `npm run build` has them. */
const TARGETS = [
  ['src', 'dist'],
  ['packages/client/src', 'packages/client/dist'],
  ['packages/doctor/src', 'packages/doctor/dist'],
  ['packages/edge/src', 'packages/edge/dist'],
  ['packages/local/src', 'packages/local/dist'],
  ['packages/local/demo', 'packages/local/dist/demo'],
];

/** As tsconfig.json has it. */
const OPTIONS = {
  swcrc: false,
  configFile: false,
  sourceMaps: true,
  inlineSourcesContent: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2023',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};

/** The folders whose changes ask for a compilation. */
export const SOURCES = TARGETS.map(([from]) => join(repository, from));

/**
 * Compiles every file whose output is missing or older than it.
 * @returns the sources that were compiled, as paths from the repository
 * @throws what @swc/core says of a file that cannot be read as TypeScript
 */
export async function compile() {
  const stale = TARGETS.flatMap(([from, to]) =>
    globSync('**/*.ts', { cwd: join(repository, from), exclude: ['**/*.spec.ts'] }).flatMap((name) => {
      const source = join(repository, from, name);
      const target = join(repository, to, name.replace(/\.ts$/, '.js'));
      return isNewer(source, target) ? [{ source, target }] : [];
    }),
  );
  if (stale.length > 0) {
    // Loaded only where there is something to do: it takes longer than one file.
    const { transform } = await import('@swc/core');
    await Promise.all(stale.map((file) => compileOne(transform, file)));
  }
  return stale.map(({ source }) => relative(repository, source));
}

async function compileOne(transform, { source, target }) {
  const { code, map } = await transform(readFileSync(source, 'utf8'), {
    ...OPTIONS,
    filename: source,
    sourceFileName: relative(dirname(target), source),
  });
  mkdirSync(dirname(target), { recursive: true });
  const mapFile = `${target}.map`;
  writeFileSync(mapFile, map);
  writeFileSync(target, `${code}//# sourceMappingURL=${relative(dirname(target), mapFile)}\n`);
}

function isNewer(source, target) {
  const made = statSync(target, { throwIfNoEntry: false });
  return made === undefined || made.mtimeMs < statSync(source).mtimeMs;
}
