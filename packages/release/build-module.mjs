// Makes dist/module, all that the npm package `edgepass` contains of the compiled program: what src/index.ts
// and the command `edgepass keys` import, and nothing else of the service. Runs at the end of `npm run build`.
//
// It has every file twice. `esm` is what tsc has written. `cjs` is the same compiled to CommonJS, because Jest
// without --experimental-vm-modules, as ts-jest runs it, cannot require() an ES module.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import typescript from 'typescript';
import { withoutRuleNumbers } from './declarations.mjs';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const out = join(dist, 'module');

/** Loaded by their address, so that no import names them. */
const WORKER = 'cloudfront/signing/signer.worker.js';
/** `edgepass.js` imports `dispatch.js`, which imports each command only when it is asked for. */
const COMMAND_FILES = ['cli/edgepass.js', 'cli/dispatch.js', 'cli/keys.command.js'];

/** The files of dist that these and their imports name. Not those that are imported when asked for. */
function closureOf(entries, extension) {
  const found = new Set();
  const follow = (file) => {
    if (found.has(file)) return;
    found.add(file);
    for (const name of importsOf(file)) {
      follow(resolve(dirname(file), name.replace(/\.js$/, extension)));
    }
  };
  for (const entry of entries) follow(join(dist, entry.replace(/\.js$/, extension)));
  return [...found];
}

/** The relative files that a file imports at its start: `import … from './x.js'`, `export … from './x.js'`. */
function importsOf(file) {
  const source = typescript.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    typescript.ScriptTarget.Latest,
  );
  return source.statements
    .flatMap(({ moduleSpecifier }) => (moduleSpecifier === undefined ? [] : [moduleSpecifier.text]))
    .filter((name) => name.startsWith('.'));
}

function write(folder, file, text) {
  const target = join(out, folder, relative(dist, file));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

/** Source maps name sources that are not in the package. */
const withoutMap = (text) => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');

/** @swc/core writes the address of the file for `import.meta.url`, which tsc refuses to do. */
function toCommonJs(file, text) {
  const { code } = transformSync(text, {
    filename: file,
    swcrc: false,
    configFile: false,
    module: { type: 'commonjs' },
    jsc: { target: 'es2023', parser: { syntax: 'ecmascript' } },
  });
  return code;
}

rmSync(out, { recursive: true, force: true });
const library = closureOf(['index.js', WORKER], '.js');
const commands = closureOf(COMMAND_FILES, '.js');
for (const file of new Set([...library, ...commands])) {
  write('esm', file, withoutMap(readFileSync(file, 'utf8')));
}
for (const file of library) {
  write('cjs', file, toCommonJs(file, withoutMap(readFileSync(file, 'utf8'))));
}
for (const file of closureOf(['index.js'], '.d.ts')) {
  for (const folder of ['esm', 'cjs'])
    write(folder, file, withoutRuleNumbers(withoutMap(readFileSync(file, 'utf8'))));
}
writeFileSync(join(out, 'cjs/package.json'), '{ "type": "commonjs" }\n');
