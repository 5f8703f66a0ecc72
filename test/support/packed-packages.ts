/**
 * The packages of which an API and the local stack load 1,700 small files, each put into one file by esbuild: a process of an API
 * then starts with half of the work, and so does a spec that imports one. Their code is the same; what is shipped is run
 * as it is by test/containers/image.spec.ts and test/module, and by `npm run bench`.
 * Node runs this file as it is, so it imports no other file of ours.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(repository, 'node_modules/.cache');

/** By what they are imported; what only they import needs no name here. */
const NAMES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  '@nestjs/swagger',
  '@nestjs/testing',
  '@peculiar/asn1-schema',
  '@peculiar/asn1-x509',
  '@peculiar/x509',
  'jose',
  'kysely',
  'kysely/migration',
];
/** Whatever is imported of these must be one of the names: else a process would have a second copy of it. */
export const PACKED =
  /^(@nestjs\/(common|core|mapped-types|platform-\w+|swagger|testing)|@peculiar\/(asn1-[\w-]+|x509)|es-toolkit|jose|kysely|rxjs|tsyringe)(\/|$)/;

/** Packs them where that has not been done for these versions; gives the file of each name. */
export async function packPackages(): Promise<Readonly<Record<string, string>>> {
  const versions = readFileSync(join(repository, 'package-lock.json'));
  // What is made holds absolute paths, and a copy of node_modules may lie elsewhere.
  const key = createHash('sha256')
    .update(versions)
    .update(import.meta.url);
  key.update(readFileSync(fileURLToPath(import.meta.url)));
  const folder = join(cache, `packed-${key.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) await packInto(folder);
  return Object.fromEntries(NAMES.map((name) => [name, join(folder, `${fileNameOf(name)}.js`)]));
}

/** The module that a process preloads (`--import`) to take the packed ones. */
export function hookOf(packed: Readonly<Record<string, string>>): string {
  return pathToFileURL(join(packed['jose'] ?? '', '..', 'hook.js')).href;
}

const fileNameOf = (name: string): string => name.replaceAll('/', '-');

async function packInto(folder: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, 'packing-'));
  // Some tests run an API as another user.
  chmodSync(made, 0o755);
  await build({
    entryPoints: NAMES.map((name) => ({ in: name, out: fileNameOf(name) })),
    absWorkingDir: repository,
    outdir: made,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    keepNames: true,
    logLevel: 'error',
    plugins: [othersByTheirPath],
  });
  writeFileSync(join(made, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(made, 'hook.js'), hookText());
  try {
    renameSync(made, folder);
  } catch {
    // Another run has made it meanwhile.
    rmSync(made, { recursive: true });
  }
}

/** What is not packed is imported from where its importer finds it, which may be a version of its own. */
const othersByTheirPath: Plugin = {
  name: 'others by their path',
  setup(packing) {
    packing.onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'found' || isBuiltin(path)) return null;
      if (path === 'rxjs' || path.startsWith('rxjs/')) {
        const name = path === 'rxjs' ? 'index' : `${path.slice('rxjs/'.length)}/index`;
        return { path: join(repository, 'node_modules/rxjs/dist/esm', `${name}.js`) };
      }
      // Both bring ES modules, which Node does not find by their package.json.
      if (/^(@peculiar\/(asn1-[\w-]+|x509)|tsyringe)$/.test(path)) {
        const folder = join(repository, 'node_modules', path);
        const { module = '' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
          module?: string;
        };
        return { path: join(folder, module) };
      }
      if (importer === '' || PACKED.test(path)) return null;
      const found = await packing.resolve(path, { kind, resolveDir, importer, pluginData: 'found' });
      return found.errors.length > 0 ? { path, external: true } : { path: found.path, external: true };
    });
  },
};

function hookText(): string {
  const files = Object.fromEntries(NAMES.map((name) => [name, `./${fileNameOf(name)}.js`]));
  return `import { registerHooks } from 'node:module';
const files = ${JSON.stringify(files)};
registerHooks({
  resolve(specifier, context, next) {
    const file = files[specifier];
    return file === undefined
      ? next(specifier, context)
      : { url: new URL(file, import.meta.url).href, format: 'module', shortCircuit: true };
  },
});
`;
}
