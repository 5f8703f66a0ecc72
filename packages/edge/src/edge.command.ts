import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock, type Clock } from './clock.js';
import { startControlServer, type ControlServer } from './control/control-server.js';
import type { Behavior } from './distribution/distribution.js';
import { formatFolderProblem } from './distribution/json-node.js';
import type { ReadOptions } from './distribution/open-files.js';
import { readDistribution, type DistributionResult } from './distribution/read-distribution.js';
import { EdgeLog } from './edge-log.js';
import { errorCode } from './error-code.js';
import { runExport } from './export.command.js';
import { startEdgeServer, type EdgeServer } from './server.js';
import { listenForStop } from './stop-signal.js';

const DEFAULT_PORT = 3002;
const DEFAULT_CONTROL_PORT = 3003;

const USAGE = `Usage: edgepass edge --distribution FOLDER|FILE [--host 127.0.0.1] [--port 3002]
                     [--control-port 3003] [--control-host 127.0.0.1] [--http] [--clock-offset-seconds=N]
                     [--parameter NAME=VALUE]... [--import NAME=VALUE]... [--resource ID] [--edge-json FILE]

Stands in for CloudFront and S3: verifies signed cookies and signed URLs, and serves folders and servers of
this machine through a cache that follows the cache, origin request and response headers policies.

--distribution FOLDER       what AWS writes about a distribution, and edge.json; docs/edge.md shows both
--distribution FILE         a CloudFormation template, JSON or YAML, as people or \`cdk synth\` write it, with
                            edge.json beside it
--host ADDRESS              where to listen (default 127.0.0.1, and then ::1 too)
--port PORT                 default 3002; 0 takes a free one
--control-port PORT         takes AWS's own invalidation calls, over plain HTTP; default 3003 beside --port 3002,
                            none beside another; 0 takes a free one
--control-host ADDRESS      where the control port listens (default 127.0.0.1, and then ::1 too). A caller
                            may invalidate without rights: signatures of AWS calls are not checked
--http                      plain HTTP; without it edge.json must name TLS files. Behaviors then need allow-all as
                            ViewerProtocolPolicy
--clock-offset-seconds=N    what the edge believes the time to be, relative to this machine's clock

Of a template, and refused beside a folder:
--parameter NAME=VALUE      the value of a parameter, or of AWS::Region, AWS::AccountId and their like
--import NAME=VALUE         what another stack exports, for Fn::ImportValue
--resource ID               the logical id of the distribution, where there are several
--edge-json FILE            where edge.json lies, when it is not beside the template (cdk.out is made anew)

The folder:
  distribution.json                 aws cloudfront get-distribution-config --id ID
  public-keys/*.json                aws cloudfront get-public-key --id ID
  key-groups/*.json                 aws cloudfront get-key-group --id ID
  cache-policies/*.json             aws cloudfront get-cache-policy --id ID
  origin-request-policies/*.json    aws cloudfront get-origin-request-policy --id ID
  response-headers-policies/*.json  aws cloudfront get-response-headers-policy --id ID
  functions/*.js                    aws cloudfront get-function --name NAME functions/NAME.js
  key-value-stores/*.json           aws cloudfront-keyvaluestore list-keys --kvs-arn ARN
  bucket-cors.json                  aws s3api get-bucket-cors --bucket NAME
  bucket-website.json               aws s3api get-bucket-website --bucket NAME
  edge.json                         {"origins": {"ORIGIN-ID": {"folder": "../media"},
                                                 "ORIGIN-ID": {"url": "http://localhost:4000"}},
                                     "tls": {"certFile": "../tls/leaf.pem", "keyFile": "../tls/leaf-key.pem"}}

  edgepass edge export --id ID --out FOLDER writes all of it; see its --help

Copies live in memory, as long as the cache policy and Cache-Control say; a changed file shows after
  aws cloudfront create-invalidation --endpoint-url http://127.0.0.1:3003 --distribution-id ID --paths '/*'
or after a restart. What you change in the folder counts, with the copies kept as AWS keeps them, after
  curl -X POST http://127.0.0.1:3003/reload

It prints "edge ready URL" when it listens, and one line for each refusal with the reason, which the
viewer never sees. Ctrl-C or SIGTERM stops it. Exit code 0 after a stop, 1 for a problem, 2 for wrong use.
`;

/** Where invalidations are taken. One that nobody asked for may be missing without stopping the edge. */
interface ControlPort {
  readonly port: number | null;
  readonly isAskedFor: boolean;
}

interface EdgeOptions {
  readonly path: string;
  /** What is said of a template. */
  readonly reading: ReadOptions;
  readonly host: string;
  readonly port: number;
  readonly controlHost: string;
  readonly control: ControlPort;
  readonly plainHttp: boolean;
  readonly clockOffsetSeconds: number;
}

/** An edge that listens, and what the control port needs of it. */
interface StartedEdge extends EdgeServer {
  readonly distributionId: string | null;
}

/** Runs the edge until it is asked to stop. */
export async function run(args: readonly string[]): Promise<number> {
  if (args[0] === 'export') return runExport(args.slice(1));
  const options = readOptions(args);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (typeof options === 'string') {
    process.stderr.write(`edgepass edge: ${options}\n\n${USAGE}`);
    return 2;
  }
  // A parent that was killed takes the pipe with it: that must not keep the edge from closing.
  process.stdout.on('error', () => undefined);
  // Listened for from the start: a parent that dies while the folder is read sends no second sign.
  const orphaned = new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
  const askedByParent = new Promise<void>((resolve) => {
    if (!process.connected) return;
    process.on('message', (message: { readonly type?: unknown } | null) => {
      if (message?.type === 'stop') resolve();
    });
  });
  const server = await start(options);
  if (server === null) return leave(1);
  const control = await startControl(options, server);
  if (control === 'failed') {
    await server.close();
    return leave(1);
  }
  const stop = listenForStop();
  writeLine(`edge ready ${server.url}`);
  const controlUrl = control?.url;
  if (controlUrl !== undefined) writeLine(`edge control ${controlUrl}`);
  process.send?.({ type: 'ready', url: server.url, controlUrl }, () => undefined);
  await Promise.race([stop.asked, orphaned, askedByParent]);
  await Promise.all([server.close(), control?.close()]);
  writeLine('edge stopped');
  stop.release();
  return leave(0);
}

/** An open IPC channel would keep the process alive. */
function leave(exitCode: number): number {
  if (process.connected) process.disconnect();
  return exitCode;
}

/** Reads the distribution and writes what there is to say of it. */
function read({ path, reading, plainHttp }: EdgeOptions): DistributionResult {
  const result = readDistribution(path, { ...reading, serving: plainHttp ? 'http' : 'https' });
  for (const line of result.unfollowed) writeLine(`edge not followed: ${line}`);
  for (const line of result.warnings) writeLine(`edge warning: ${line}`);
  if ('problems' in result) {
    for (const problem of result.problems) writeProblem(formatFolderProblem(problem));
  } else if (plainHttp) warnOfHttpsOnly(result.distribution.behaviors);
  return result;
}

async function start(options: EdgeOptions): Promise<StartedEdge | null> {
  const result = read(options);
  if ('problems' in result) return null;
  const { distribution } = result;
  try {
    const server = await startEdgeServer({
      distribution,
      host: options.host,
      port: options.port,
      plainHttp: options.plainHttp,
      clock: shifted(systemClock, options.clockOffsetSeconds),
      writeLine,
    });
    return { ...server, distributionId: distribution.id };
  } catch (error) {
    writeProblem(listenProblem(error, '--port', options));
    return null;
  }
}

/** Where nothing speaks TLS, a redirect to https leads nowhere. */
function warnOfHttpsOnly(behaviors: readonly Behavior[]): void {
  const closed = behaviors.filter(({ viewerProtocolPolicy }) => viewerProtocolPolicy !== 'allow-all');
  if (closed.length === 0) return;
  const names = closed.map(({ pathPattern, viewerProtocolPolicy: policy }) => `"${pathPattern}" (${policy})`);
  writeLine(
    `edge warning: with --http no file opens by ${names.join(', ')}: leave --http and name TLS files as tls in ` +
      'edge.json, or set ViewerProtocolPolicy to allow-all in a copy of the distribution',
  );
}

/** The control port; null when there is none. */
async function startControl(
  options: EdgeOptions,
  server: StartedEdge,
): Promise<ControlServer | null | 'failed'> {
  const { controlHost: host, control } = options;
  if (control.port === null) return null;
  try {
    return await startControlServer({
      host,
      port: control.port,
      distributionId: server.distributionId,
      clock: shifted(systemClock, options.clockOffsetSeconds),
      log: new EdgeLog(writeLine),
      invalidate: (paths) => server.invalidate(paths),
      reload: () => reload(options, server),
    });
  } catch (error) {
    const problem = listenProblem(error, '--control-port', { host, port: control.port });
    if (control.isAskedFor) {
      writeProblem(problem);
      return 'failed';
    }
    writeLine(`edge warning: no invalidations: ${problem}`);
    return null;
  }
}

/** What was changed in the folder counts from now on; with a mistake in it, everything stays. */
function reload(options: EdgeOptions, server: EdgeServer): readonly string[] {
  const result = read(options);
  if ('problems' in result) return result.problems.map(formatFolderProblem);
  server.reload(result.distribution);
  writeLine('edge reloaded the distribution; its copies stay');
  return [];
}

function listenProblem(
  error: unknown,
  flag: '--port' | '--control-port',
  { host, port }: Pick<EdgeOptions, 'host' | 'port'>,
): string {
  const code = errorCode(error);
  if (code === 'EADDRINUSE') {
    return `${flag} ${port}: expected a free port on ${host}, found it taken; stop what listens there or name another`;
  }
  if (code === 'EACCES') return `${flag} ${port}: expected a port this user may take, found it forbidden`;
  if (code.startsWith('ERR_OSSL') || code.startsWith('ERR_SSL')) {
    return `edge.json tls: expected a certificate and its key in PEM, found ${code}`;
  }
  return `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`;
}

function shifted(clock: Clock, offsetSeconds: number): Clock {
  return { nowEpochSeconds: () => clock.nowEpochSeconds() + offsetSeconds };
}

/** The options, `help`, or what is wrong with them. */
function readOptions(args: readonly string[]): EdgeOptions | string {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        distribution: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: String(DEFAULT_PORT) },
        'control-port': { type: 'string' },
        'control-host': { type: 'string', default: '127.0.0.1' },
        http: { type: 'boolean', default: false },
        'clock-offset-seconds': { type: 'string', default: '0' },
        parameter: { type: 'string', multiple: true, default: [] },
        import: { type: 'string', multiple: true, default: [] },
        resource: { type: 'string' },
        'edge-json': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return (error as Error).message;
  }
  if (values.help) return 'help';
  if (values.distribution === undefined) return '--distribution FOLDER or FILE is required';
  const port = readPort(values.port);
  const controlPort = values['control-port'] === undefined ? null : readPort(values['control-port']);
  if (port === null) return `--port: expected 0 to 65535, found ${JSON.stringify(values.port)}`;
  if (values['control-port'] !== undefined && controlPort === null) {
    return `--control-port: expected 0 to 65535, found ${JSON.stringify(values['control-port'])}`;
  }
  const offset = values['clock-offset-seconds'];
  if (!/^-?[0-9]{1,12}$/.test(offset)) {
    return `--clock-offset-seconds: expected a whole number, found ${JSON.stringify(offset)}`;
  }
  const parameters = readPairs(values.parameter);
  const imports = readPairs(values.import);
  if (typeof parameters === 'string') return `--parameter: expected NAME=VALUE, found "${parameters}"`;
  if (typeof imports === 'string') return `--import: expected NAME=VALUE, found "${imports}"`;
  const edgeJson = values['edge-json'];
  return {
    path: values.distribution,
    reading: {
      parameters,
      imports,
      resource: values.resource ?? null,
      ...(edgeJson === undefined ? {} : { edgeJson: resolve(edgeJson) }),
    },
    host: values.host,
    port,
    controlHost: values['control-host'],
    control: {
      port: controlPort ?? (port === DEFAULT_PORT ? DEFAULT_CONTROL_PORT : null),
      isAskedFor: controlPort !== null,
    },
    plainHttp: values.http,
    clockOffsetSeconds: Number(offset),
  };
}

/** The pairs, or the name of the first that has no value. */
function readPairs(texts: readonly string[]): ReadonlyMap<string, string> | string {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const end = text.indexOf('=');
    if (end < 1) return text;
    pairs.set(text.slice(0, end), text.slice(end + 1));
  }
  return pairs;
}

function readPort(text: string): number | null {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : null;
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

function writeProblem(line: string): void {
  process.stderr.write(`edgepass edge: ${line}\n`);
}
