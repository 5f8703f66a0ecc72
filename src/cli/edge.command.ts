import { parseArgs } from 'node:util';
import { systemClock, type Clock } from '../clock/clock.js';
import { formatFolderProblem } from '../edge/distribution/folder-problem.js';
import { readDistribution } from '../edge/distribution/read-distribution.js';
import { errorCode } from '../edge/error-code.js';
import { startEdgeServer, type EdgeServer } from '../edge/server.js';
import { listenForStop } from './stop-signal.js';

export const summary = 'the local edge alone: stands in for CloudFront and S3';

const USAGE = `Usage: edgepass edge --distribution FOLDER [--host 127.0.0.1] [--port 3002] [--control-port 3003]
                     [--http] [--clock-offset-seconds=N]

Stands in for CloudFront and S3: verifies signed cookies and signed URLs and serves a folder of files.

--distribution FOLDER       what AWS writes about a distribution, and edge.json; docs/edge.md shows both
--host ADDRESS              where to listen (default 127.0.0.1, and then ::1 too)
--port PORT                 default 3002; 0 takes a free one
--control-port PORT         reserved for invalidations; nothing is cached yet, so nothing listens there
--http                      plain HTTP; without it edge.json must name TLS files
--clock-offset-seconds=N    what the edge believes the time to be, relative to this machine's clock

The folder:
  distribution.json                 aws cloudfront get-distribution-config --id ID
  public-keys/*.json                aws cloudfront get-public-key --id ID
  key-groups/*.json                 aws cloudfront get-key-group --id ID
  response-headers-policies/*.json  aws cloudfront get-response-headers-policy --id ID
  edge.json                         {"origins": {"ORIGIN-ID": {"folder": "../media"}},
                                     "tls": {"certFile": "../tls/leaf.pem", "keyFile": "../tls/leaf-key.pem"}}

It prints "edge ready URL" when it listens, and one line for each refusal with the reason, which the
viewer never sees. Ctrl-C or SIGTERM stops it. Exit code 0 after a stop, 1 for a problem, 2 for wrong use.
`;

interface EdgeOptions {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly controlPort: number | null;
  readonly plainHttp: boolean;
  readonly clockOffsetSeconds: number;
}

/** Runs the edge until it is told to stop. */
export async function run(args: readonly string[]): Promise<number> {
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
  const server = await start(options);
  if (server === null) return leave(1);
  const stop = listenForStop();
  writeLine(`edge ready ${server.url}`);
  process.send?.({ type: 'ready', url: server.url }, () => undefined);
  await Promise.race([stop.asked, orphaned]);
  await server.close();
  writeLine('edge stopped');
  stop.release();
  return leave(0);
}

/** An open IPC channel would keep the process alive. */
function leave(exitCode: number): number {
  if (process.connected) process.disconnect();
  return exitCode;
}

async function start(options: EdgeOptions): Promise<EdgeServer | null> {
  const result = readDistribution(options.folder);
  for (const line of result.unfollowed) writeLine(`edge not followed: ${line}`);
  for (const line of result.warnings) writeLine(`edge warning: ${line}`);
  if ('problems' in result) {
    for (const problem of result.problems) writeProblem(formatFolderProblem(problem));
    return null;
  }
  const { distribution } = result;
  if (!options.plainHttp && distribution.tls === null) {
    writeProblem('edge.json tls: expected certFile and keyFile, found nothing; or start with --http');
    return null;
  }
  if (options.controlPort !== null) {
    writeLine('edge not followed: --control-port: nothing is cached yet, so there is nothing to invalidate');
  }
  try {
    return await startEdgeServer({
      distribution,
      host: options.host,
      port: options.port,
      plainHttp: options.plainHttp,
      clock: shifted(systemClock, options.clockOffsetSeconds),
      writeLine,
    });
  } catch (error) {
    writeProblem(listenProblem(error, options));
    return null;
  }
}

function listenProblem(error: unknown, { host, port }: EdgeOptions): string {
  const code = errorCode(error);
  if (code === 'EADDRINUSE') {
    return `--port ${port}: expected a free port on ${host}, found it taken; stop what listens there or name another`;
  }
  if (code === 'EACCES') return `--port ${port}: expected a port this user may take, found it forbidden`;
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
        port: { type: 'string', default: '3002' },
        'control-port': { type: 'string' },
        http: { type: 'boolean', default: false },
        'clock-offset-seconds': { type: 'string', default: '0' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return (error as Error).message;
  }
  if (values.help) return 'help';
  if (values.distribution === undefined) return '--distribution FOLDER is required';
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
  return {
    folder: values.distribution,
    host: values.host,
    port,
    controlPort,
    plainHttp: values.http,
    clockOffsetSeconds: Number(offset),
  };
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
