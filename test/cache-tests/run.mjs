// `npm run cache-tests -- FOLDER`: runs the HTTP cache tests, https://github.com/http-tests/cache-tests, as they lie
// in FOLDER, unchanged, against the local edge with their own server behind it. Every required test must pass but
// those in documented.json, where AWS documents another behaviour. Exit code 1 when one more fails, or one of those
// passes. `--id TEST` runs one and prints what went over the wire.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readDistribution, startEdgeServer } from '../../packages/edge/dist/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { id: { type: 'string', default: '' } },
});
const [given] = positionals;
if (given === undefined) {
  console.error('usage: npm run cache-tests -- FOLDER [--id TEST], FOLDER a clone of http-tests/cache-tests');
  process.exit(2);
}
const folder = resolve(given);
const documented = JSON.parse(readFileSync(new URL('documented.json', import.meta.url), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'edgepass-cache-tests-'));
const originPort = await freePort();
const origin = run('test-engine/server/server.mjs', {
  npm_config_protocol: 'http',
  npm_config_port: String(originPort),
  npm_config_pidfile: join(work, 'pid'),
});
await untilPrinted(origin, 'Listening');
const edge = await startEdge();
let failed = 1;
try {
  failed = await judge();
} finally {
  await edge.close();
  origin.kill();
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failed;

/** A behavior that lets everything through and caches what the origin says, for as long as it says. */
function startEdge() {
  const policy = {
    Name: 'origin-decides',
    MinTTL: 0,
    DefaultTTL: 0,
    MaxTTL: 31536000,
    ParametersInCacheKeyAndForwardedToOrigin: {
      EnableAcceptEncodingGzip: false,
      HeadersConfig: { HeaderBehavior: 'none' },
      CookiesConfig: { CookieBehavior: 'none' },
      QueryStringsConfig: { QueryStringBehavior: 'all' },
    },
  };
  const methods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];
  const config = {
    Origins: { Quantity: 1, Items: [{ Id: 'tests', DomainName: 'localhost', CustomOriginConfig: {} }] },
    DefaultCacheBehavior: {
      TargetOriginId: 'tests',
      ViewerProtocolPolicy: 'allow-all',
      AllowedMethods: { Quantity: 7, Items: methods },
      CachePolicyId: 'policy',
      // AllViewerExceptHostHeader
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    },
  };
  const write = (name, content) => writeFileSync(join(work, name), JSON.stringify(content));
  write('distribution.json', config);
  write('edge.json', { origins: { tests: { url: `http://localhost:${originPort}` } } });
  mkdirSync(join(work, 'cache-policies'));
  write('cache-policies/policy.json', policy);
  const result = readDistribution(work);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  const clock = { nowEpochSeconds: () => Math.floor(Date.now() / 1000) };
  return startEdgeServer({
    distribution: result.distribution,
    host: '127.0.0.1',
    port: 0,
    plainHttp: true,
    clock,
    writeLine: () => undefined,
  });
}

async function judge() {
  const client = run('test-engine/cli.mjs', {
    npm_config_base: edge.url,
    npm_config_id: values.id,
    npm_package_config_id: '',
  });
  const printed = await untilEnded(client);
  if (values.id !== '') {
    process.stdout.write(printed);
    return 0;
  }
  const results = JSON.parse(printed.slice(printed.indexOf('{')));
  const load = (path) => import(pathToFileURL(join(folder, path)).href);
  const { default: suites } = await load('tests/index.mjs');
  const { determineTestResult, resultTypes } = await load('test-engine/lib/results.mjs');
  const nameOf = new Map(Object.entries(resultTypes).map(([name, type]) => [type, name]));
  const tests = suites.flatMap((suite) => suite.tests).filter((test) => test.browser_only !== true);
  const outcomes = tests.map((test) => ({
    id: test.id,
    kind: test.kind ?? 'required',
    outcome: nameOf.get(determineTestResult(suites, test.id, results, false)),
    detail: [results[test.id]].flat().join(': '),
  }));
  const counts = {};
  for (const { kind, outcome } of outcomes) {
    counts[kind] ??= {};
    counts[kind][outcome] = (counts[kind][outcome] ?? 0) + 1;
  }
  console.log(JSON.stringify(counts, undefined, 2));
  const isFailure = ({ kind, outcome }) => kind === 'required' && outcome !== 'pass';
  const failures = outcomes.filter(isFailure);
  const unexpected = failures.filter(({ id }) => documented[id] === undefined);
  for (const { id, outcome, detail } of unexpected) console.log(`${outcome} ${id}: ${detail}`);
  const better = Object.keys(documented).filter((id) => !failures.some((one) => one.id === id));
  for (const id of better) console.log(`passes, and stands in documented.json: ${id}`);
  for (const { id, kind, outcome, detail } of outcomes) {
    if (kind !== 'required' && /fail/.test(outcome)) console.log(`optional ${id}: ${detail}`);
  }
  console.log(
    `${failures.length - unexpected.length} documented, ${unexpected.length} other failures of required tests`,
  );
  return unexpected.length + better.length === 0 ? 0 : 1;
}

function run(script, environment) {
  return spawn(process.execPath, ['--no-warnings', join(folder, script)], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function untilPrinted(child, text) {
  return new Promise((done, fail) => {
    child.stdout.on('data', (chunk) => String(chunk).includes(text) && done());
    child.once('exit', (code) => fail(new Error(`the server of the tests ended with ${code}`)));
  });
}

async function untilEnded(child) {
  let text = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) text += chunk;
  return text;
}

function freePort() {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
