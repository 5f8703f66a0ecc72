import { createHash, randomUUID, type Hash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linkPackage } from '../support/link-package.js';
import { startProcess } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { IS_WHOLE } from '../support/whole.js';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const example = join(repository, 'examples/own-backend');

/** Uses every export of the package, which the host compiles. */
export const EVERY_EXPORT = 'every-export.ts';

/** Whether the host is not installed by npm: neither under `npm run whole` nor under `npm run matrix`, which brings it. */
export const IS_LINKED = !IS_WHOLE && process.env['EDGEPASS_HOST_FOLDER'] === undefined;

/** What a lock file says of one installed package. */
export interface InstalledPackage {
  readonly version?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Packs this repository as `npm publish` would, installs the tarball into a copy of the example as a
 * stranger would, and compiles that. Gives its folder.
 * @param isFresh false: what npm decides to install where is kept from the last time that it was asked the same, and the
 *   packages are links to those of this repository
 */
export async function installPackedHost(isFresh: boolean): Promise<string> {
  const folder = join(temporaryFolder('own-backend'), 'school');
  // Not what a developer's own run of the example has left there.
  for (const name of ['package.json', 'tsconfig.json', 'src']) {
    cpSync(join(example, name), join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, 'src', EVERY_EXPORT), everyExport());
  const tarball = await packInto(folder);
  if (isFresh) await install(folder, []);
  else await placePackages(folder, tarball, await decided(folder));
  await compile(folder, []);
  return folder;
}

/** The source that uses every export, as a host writes it. */
export function everyExport(): string {
  const uses = readFileSync(join(repository, 'test/module', EVERY_EXPORT), 'utf8');
  return uses.replace('../../src/index.js', 'edgepass');
}

/** @param flags beside those of every install here */
async function install(folder: string, flags: readonly string[]): Promise<void> {
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lockOf(folder)));
  const always = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', [...always, ...flags], folder);
}

/** The packages of the lock file that npm writes, which depends on the two package.json and our own lock file. */
async function decided(folder: string): Promise<Readonly<Record<string, InstalledPackage>>> {
  const hash = createHash('sha256').update(process.version);
  for (const file of [join(folder, 'package.json'), 'package.json', 'package-lock.json']) {
    hash.update(readFileSync(resolve(repository, file)));
  }
  const kept = join(repository, 'node_modules/.cache/locks', `${hash.digest('hex').slice(0, 32)}.json`);
  if (!existsSync(kept)) {
    await install(folder, ['--package-lock-only']);
    mkdirSync(dirname(kept), { recursive: true });
    const making = `${kept}.${randomUUID()}`;
    cpSync(join(folder, 'package-lock.json'), making);
    renameSync(making, kept);
  }
  const { '': _host, ...packages } = readLock(kept);
  return packages;
}

/** Puts every package where npm's lock file says, as `npm install` does. */
async function placePackages(
  folder: string,
  tarball: string,
  packages: Readonly<Record<string, InstalledPackage>>,
): Promise<void> {
  const own = 'node_modules/edgepass';
  for (const place of Object.keys(packages)) {
    if (place !== own) linkPackage(repository, place, folder);
  }
  mkdirSync(join(folder, own));
  await run('tar', ['-xzf', tarball, '-C', own, '--strip-components=1'], folder);
  const { bin } = JSON.parse(readFileSync(join(folder, own, 'package.json'), 'utf8')) as {
    bin: Readonly<Record<string, string>>;
  };
  mkdirSync(join(folder, 'node_modules/.bin'));
  for (const [name, file] of Object.entries(bin)) {
    symlinkSync(join('../edgepass', file), join(folder, 'node_modules/.bin', name));
    chmodSync(join(folder, own, file), 0o755);
  }
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
}

/**
 * Packs this repository, or a package of it, as `npm publish` would; gives the file. npm does so once for what lies
 * there: four spec files ask for it, and it needs 1.7 s of processor time.
 */
export async function packInto(folder: string, packageFolder = repository): Promise<string> {
  // `npm test` has built it; a run of one file alone may have to.
  if (!existsSync(join(repository, 'dist/module/esm/index.js')))
    await run('npm', ['run', 'build'], repository);
  const tarballs = join(repository, 'node_modules/.cache/tarballs', basename(packageFolder));
  const kept = join(tarballs, digestOf(packageFolder));
  if (!existsSync(kept)) {
    const making = join(tarballs, randomUUID());
    mkdirSync(making, { recursive: true });
    await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', making], packageFolder);
    // Another spec file may have packed the same meanwhile.
    if (existsSync(kept)) rmSync(making, { recursive: true });
    else renameSync(making, kept);
  }
  const [name, ...others] = readdirSync(kept);
  if (name === undefined || others.length > 0) throw new Error(`expected one tarball in ${kept}`);
  cpSync(join(kept, name), join(folder, name));
  return join(folder, name);
}

/** Of everything that decides what npm packs: the files that `files` names, all that lie beside package.json, and npm. */
function digestOf(packageFolder: string): string {
  const { files = [] } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    files?: readonly string[];
  };
  const beside = readdirSync(packageFolder).filter((name) => statSync(join(packageFolder, name)).isFile());
  const hash = createHash('sha256').update(readFileSync(join(repository, 'package-lock.json')));
  hash.update(process.version);
  for (const place of new Set([...beside, ...files.map((file) => file.replace(/^\.\//, ''))])) {
    hashInto(hash, packageFolder, place);
  }
  return hash.digest('hex').slice(0, 32);
}

function hashInto(hash: Hash, packageFolder: string, place: string): void {
  const path = join(packageFolder, place);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) {
    for (const name of readdirSync(path).toSorted()) hashInto(hash, packageFolder, join(place, name));
  } else {
    hash.update(`${place}\0${found?.mode ?? 'none'}\0`);
    if (found !== undefined) hash.update(readFileSync(path));
  }
}

/**
 * Runs a TypeScript of this repository in a folder; gives its output, rejects where it finds an error. That is
 * TypeScript 7, which needs a fifth of the time; under `npm run matrix` it is TypeScript 6.
 */
export function compile(folder: string, flags: readonly string[]): Promise<string> {
  const version = process.env['EDGEPASS_HOST_FOLDER'] === undefined ? 'typescript-7' : 'typescript';
  const all = [...flags, ...(IS_LINKED ? ['--preserveSymlinks'] : [])];
  return run(process.execPath, [join(repository, 'node_modules', version, 'bin/tsc'), ...all], folder);
}

/** Runs a command to its end, with npm's registry and cache; gives its stdout, rejects with all it printed. */
export async function run(command: string, args: readonly string[], folder: string): Promise<string> {
  const npm = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_(registry|cache|userconfig)|(https?|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i.test(
      name,
    ),
  );
  const started = startProcess(command, args, { cwd: folder, environment: Object.fromEntries(npm) });
  const { code } = await started.ended;
  if (code === 0) return started.stdout();
  throw new Error(
    `expected ${[command, ...args].join(' ')} to pass:\n${started.stdout()}${started.stderr()}`,
  );
}

/** Every installed package by its place: `node_modules/kysely`. */
export function installedPackages(folder: string): Readonly<Record<string, InstalledPackage>> {
  return readLock(join(folder, 'node_modules/.package-lock.json'));
}

/**
 * The versions of this repository's own lock file, so that the test finds all of them in npm's cache and
 * does not depend on what was published yesterday. npm drops what the host does not need.
 */
function lockOf(folder: string): object {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string };
  const known = Object.entries(readLock(join(repository, 'package-lock.json'))).flatMap(([place, entry]) => {
    if (!place.startsWith('node_modules/') || entry.link === true) return [];
    const { dev: _dev, peer: _peer, optional: _optional, devOptional: _both, ...rest } = entry as Flagged;
    return [[place, rest]];
  });
  const packages = { '': manifest, ...(Object.fromEntries(known) as object) };
  return { name: manifest.name, lockfileVersion: 3, requires: true, packages };
}

/** How this repository came to have a package says nothing of the host. */
interface Flagged extends InstalledPackage {
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

function readLock(file: string): Readonly<Record<string, InstalledPackage>> {
  return (JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, InstalledPackage> }).packages;
}

/**
 * The names of everything that some packages of the host bring with them, themselves included. Peers count
 * only where they are installed.
 */
export function broughtBy(
  packages: Readonly<Record<string, InstalledPackage>>,
  names: readonly string[],
): ReadonlySet<string> {
  const places = new Set<string>();
  const follow = (name: string, from: string): void => {
    const place = placeOf(packages, name, from);
    if (place === null || places.has(place)) return;
    places.add(place);
    const { dependencies, peerDependencies, optionalDependencies } = packages[place] ?? {};
    for (const next of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })) {
      follow(next, place);
    }
  };
  for (const name of names) follow(name, '');
  return new Set([...places].map((place) => place.slice(place.lastIndexOf('node_modules/') + 13)));
}

/** Where Node finds a package for a file of another: beside it, or in a folder further up. */
function placeOf(packages: Readonly<Record<string, unknown>>, name: string, from: string): string | null {
  const own = from === '' ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (own in packages) return own;
  const above = from.lastIndexOf('/node_modules/');
  if (from === '') return null;
  return placeOf(packages, name, above === -1 ? '' : from.slice(0, above));
}
