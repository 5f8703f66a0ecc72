// Writes packages/cdk/dist without the CDK, whose 186 MB are no part of `npm ci`: from the one source alone. Its types are
// checked by `npm run cdk`, and what is written by `npm run release:dry`, which synthesises with the packed package.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const folder = fileURLToPath(new URL('../cdk/', import.meta.url));
const { config } = ts.readConfigFile(`${folder}tsconfig.json`, (path) => readFileSync(path, 'utf8'));
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, folder);
// The package is of ES modules, which a file alone does not say.
Object.assign(options, { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler });
const source = readFileSync(`${folder}src/index.ts`, 'utf8');
const asked = { compilerOptions: options, fileName: `${folder}src/index.ts`, reportDiagnostics: true };
const results = {
  'index.js': ts.transpileModule(source, asked),
  'index.d.ts': ts.transpileDeclaration(source, asked),
};

mkdirSync(`${folder}dist`, { recursive: true });
for (const [file, { outputText, diagnostics = [] }] of Object.entries(results)) {
  for (const { messageText } of diagnostics) {
    console.error(`packages/cdk/src/index.ts: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
    process.exitCode = 1;
  }
  writeFileSync(`${folder}dist/${file}`, outputText);
}
