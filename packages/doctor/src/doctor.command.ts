/*
 * The manners of this command line: the report goes to stdout, wrong use and what is slow to stderr. Exit code 0 means that
 * nothing wrong was found, 1 that something was or that nothing could be judged, 2 wrong use. A stack trace is our bug. No
 * value of a cookie, no signature, token or key is printed, whatever it was found in.
 */
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock, type Clock } from './clock.js';
import type { Diagnosis } from './diagnose.js';
import type { Evidence, Load } from './evidence/evidence.js';
import type { TemplateInputs } from './evidence/read-configuration.js';
import type { CookieFile } from './evidence/read-cookies.js';

const USAGE = `Usage: edgepass-doctor [URL] [--app ORIGIN] [--cookies FILE] [--har FILE] [--console FILE|-]
                       [--distribution FOLDER|FILE [--parameter NAME=VALUE]... [--import NAME=VALUE]... [--resource ID]]
                       [--settings FILE] [--ca FILE] [--only ID] [--json] [--list]

Says which layer refused a private file behind CloudFront, and the one change that cures it: for any backend.
Hand over what you have, alone or together.

URL                      the file that fails: it is asked for as your page would ask
--app ORIGIN             the origin of your page, such as https://app.example.com
--cookies FILE           cookies of the browser: a Netscape cookie file, or a request "copied as cURL"
--har FILE               what the Network panel recorded (Chromium: export it with sensitive data)
--console FILE|-         lines of the browser's console; - reads them from standard input
--distribution PATH      what AWS writes about the distribution: a folder (docs/edge.md), one file, or a CloudFormation
                         template with --parameter, --import and --resource (docs/templates.md)
--settings FILE          settings of edgepass, as in .env
--ca FILE                a certificate authority to trust, as PEM, such as data/tls/ca.pem
--only ID                looks for one cause alone
--json                   prints the whole finding as JSON (docs/doctor.schema.json)
--list                   prints every cause that is looked for

Exit code 0: nothing wrong was found; 1: something was, or the evidence does not decide, or no check found
what it looks at; 2: wrong use.
`;

/** After this long a word says that something is under way. */
const PATIENCE_MILLISECONDS = 700;
/** Lines that somebody copies; a megabyte is a whole day of them. */
const MOST_TEXT_BYTES = 20 * 1024 * 1024;

interface Options {
  readonly url: string | null;
  readonly app: string | null;
  readonly cookies: string | null;
  readonly har: string | null;
  readonly console: string | null;
  readonly distribution: string | null;
  readonly template: TemplateInputs;
  readonly settings: string | null;
  readonly ca: string | null;
  readonly only: string | null;
  readonly json: boolean;
}

/** The flags are wrong: the usage follows. The message is for the person who gave them. */
class WrongUse extends Error {}

/** A file that was handed over cannot be used: the message says all, and the usage would hide it. */
class UnusableInput extends Error {}

/** What the program that starts the doctor may add. */
export interface RunOptions {
  readonly clock?: Clock;
  /** What start-up of the service would refuse of a file of settings, one line each. */
  readonly checkSettings?: (path: string, text: string) => Promise<readonly string[]>;
}

/** Runs the doctor; gives the exit code. */
export async function run(args: readonly string[], more: RunOptions = {}): Promise<number> {
  try {
    const options = await readOptions(args);
    if (typeof options === 'string') {
      process.stdout.write(options);
      return 0;
    }
    const slow = setTimeout(() => process.stderr.write('edgepass doctor: asking …\n'), PATIENCE_MILLISECONDS);
    const gathered = gather(options, more).finally(() => clearTimeout(slow));
    // Loaded while answers are waited for.
    const [evidence, { diagnose, isFoundWell }] = await Promise.all([gathered, import('./diagnose.js')]);
    const diagnosis = diagnose(evidence, options.only);
    await print(diagnosis, options);
    return isFoundWell(diagnosis) ? 0 : 1;
  } catch (error) {
    const isWrongUse = error instanceof WrongUse || isArgumentError(error);
    if (!isWrongUse && !(error instanceof UnusableInput)) throw error;
    process.stderr.write(`edgepass doctor: ${(error as Error).message}\n${isWrongUse ? `\n${USAGE}` : ''}`);
    return 2;
  }
}

function isArgumentError(error: unknown): boolean {
  return codeOf(error).startsWith('ERR_PARSE_ARGS');
}

/** The code of an error of Node, such as `ENOENT`; empty for another. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

async function print(diagnosis: Diagnosis, { json, only }: Options): Promise<void> {
  if (json) {
    process.stdout.write(`${JSON.stringify(diagnosis, undefined, 2)}\n`);
    return;
  }
  const { COLOURED, PLAIN, report } = await import('./report.js');
  const isColoured = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  process.stdout.write(report(diagnosis, isColoured ? COLOURED : PLAIN, only));
}

/** The options, or a text to print. */
async function readOptions(args: readonly string[]): Promise<Options | string> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      app: text,
      cookies: text,
      har: text,
      console: text,
      distribution: text,
      parameter: { type: 'string', multiple: true, default: [] },
      import: { type: 'string', multiple: true, default: [] },
      resource: text,
      settings: text,
      ca: text,
      only: text,
      json: flag,
      list: flag,
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return USAGE;
  if (values.list) return (await import('./page.js')).listOfChecks();
  if (positionals.length > 1) throw new WrongUse(`expected one URL, found ${positionals.length}`);
  const [url = null] = positionals;
  if (url !== null && (!/^https?:\/\//.test(url) || !URL.canParse(url))) {
    throw new WrongUse(
      `expected a URL such as https://cdn.example.com/private/a.png, found ${JSON.stringify(url.slice(0, 80))}`,
    );
  }
  const app = values.app ?? null;
  if (app !== null && (!URL.canParse(app) || new URL(app).origin !== app)) {
    const origin = URL.canParse(app) && /^https?:/.test(app) ? `; write ${new URL(app).origin}` : '';
    throw new WrongUse(
      `--app: expected an origin such as https://app.example.com, found ${JSON.stringify(app.slice(0, 80))}${origin}`,
    );
  }
  const only = values.only ?? null;
  if (only !== null && (await import('./checks/catalogue.js')).checkOf(only) === null)
    throw new WrongUse(`--only: there is no check ${JSON.stringify(only)}; --list names all`);
  const given = [url, values.har, values.console, values.distribution, values.settings, values.cookies];
  if (given.every((value) => value === undefined || value === null)) {
    throw new WrongUse(
      'expected something to look at: a URL, --har, --console, --cookies, --distribution or --settings',
    );
  }
  return {
    url,
    app,
    cookies: values.cookies ?? null,
    har: values.har ?? null,
    console: values.console ?? null,
    distribution: values.distribution ?? null,
    template: {
      parameters: pairsOf('--parameter', values.parameter),
      imports: pairsOf('--import', values.import),
      ...(values.resource === undefined ? {} : { resource: values.resource }),
    },
    settings: values.settings ?? null,
    ca: values.ca ?? null,
    only,
    json: values.json,
  };
}

/** What a template leaves open, each as NAME=VALUE. */
function pairsOf(flag: string, texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw new WrongUse(`${flag}: expected NAME=VALUE, found ${JSON.stringify(text)}`);
      return [text.slice(0, equals), text.slice(equals + 1)] as const;
    }),
  );
}

/** Gathers everything once; what is read from files waits for no network. */
async function gather(
  options: Options,
  { clock = systemClock, checkSettings }: RunOptions,
): Promise<Evidence> {
  const ca = options.ca === null ? [] : [authorityOf(options.ca)];
  const { joinEvidence } = await import('./evidence/join-evidence.js');
  const cookieFile = options.cookies === null ? null : await cookiesOf(options.cookies);
  const url = options.url ?? cookieFile?.url ?? null;
  const app = options.app ?? cookieFile?.origin ?? null;
  const parts: Partial<Evidence>[] = [];
  if (cookieFile !== null) parts.push((await import('./evidence/read-cookies.js')).heldEvidence(cookieFile));
  const har = options.har === null ? null : await harOf(options.har);
  if (har !== null) parts.push(har);
  if (options.console !== null) {
    const text = options.console === '-' ? await standardInput() : textOf('--console', options.console);
    parts.push((await import('./evidence/read-console.js')).readConsole(text, app));
  }
  let keyPairId: string | null = null;
  if (options.settings !== null) {
    const text = textOf('--settings', options.settings);
    const settings = (await import('./evidence/read-settings.js')).readSettings(text);
    if (settings === null)
      throw new UnusableInput(
        `--settings ${options.settings}: expected PUBLIC_URL and CLOUDFRONT_DOMAIN, lines NAME=VALUE`,
      );
    const startProblems = (await checkSettings?.(options.settings, text)) ?? null;
    const notes =
      startProblems === null
        ? ['What start-up itself would refuse was not checked: edgepass api --check does that.']
        : [];
    parts.push(settings.evidence, { startProblems, notes });
    keyPairId = settings.keyPairId;
  }
  if (options.distribution !== null) {
    const { readConfiguration } = await import('./evidence/read-configuration.js');
    const seen = url === null ? failedIn(parts) : null;
    const result = readConfiguration(
      options.distribution,
      url ?? seen?.url ?? null,
      app ?? seen?.page ?? null,
      keyPairId,
      options.template,
    );
    if ('problems' in result)
      throw new UnusableInput(`--distribution ${options.distribution}:\n  ${result.problems.join('\n  ')}`);
    parts.push(result.evidence);
  }
  if (url !== null) parts.push(await liveOf(url, app, cookieFile, har, ca, clock));
  return joinEvidence(parts, { nowMilliseconds: clock.nowMilliseconds(), target: url, app });
}

/** The load that failed last in what was handed over: the configuration is asked about it. */
function failedIn(parts: readonly Partial<Evidence>[]): Load | null {
  const loads = parts.flatMap(({ loads: found = [] }) => found);
  return (
    loads.findLast((load) => load.failed === true && load.method !== 'OPTIONS' && load.page !== null) ?? null
  );
}

async function liveOf(
  url: string,
  app: string | null,
  cookieFile: CookieFile | null,
  har: Partial<Evidence> | null,
  ca: readonly string[],
  clock: Clock,
): Promise<Partial<Evidence>> {
  const { probe } = await import('./evidence/probe.js');
  // A HAR's own request carries what the browser sent.
  const recorded = har?.loads?.findLast((load) => load.url === url && (load.cookies?.length ?? 0) > 0);
  const pairs = cookieFile?.pairs ?? (cookieFile === null ? (recorded?.cookies ?? null) : null);
  return probe({
    url,
    app,
    held: cookieFile?.held ?? [],
    pairs,
    ca,
    nowMilliseconds: () => clock.nowMilliseconds(),
  });
}

/** Node takes a text without certificates for none at all, and would then say that the right one is not trusted. */
function authorityOf(path: string): string {
  const text = textOf('--ca', path);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new UnusableInput(`--ca ${path}: expected certificates as PEM, -----BEGIN CERTIFICATE-----`);
}

async function cookiesOf(path: string): Promise<CookieFile> {
  const { readCookieFile } = await import('./evidence/read-cookies.js');
  const file = readCookieFile(textOf('--cookies', path));
  if (file === null) {
    throw new UnusableInput(
      `--cookies ${path}: expected a Netscape cookie file (seven fields with tabs), or a request copied as cURL`,
    );
  }
  return file;
}

async function harOf(path: string): Promise<Partial<Evidence>> {
  const { readHar } = await import('./evidence/read-har.js');
  const { readShortened } = await import('./evidence/shorten-json.js');
  const text = readInput('--har', path, () => readShortened(path));
  if (text === null)
    throw new UnusableInput(
      `--har ${path}: more than 64 MiB without its bodies; record the failing load alone`,
    );
  const result = readHar(text);
  if ('problem' in result) throw new UnusableInput(`--har ${path}: ${result.problem}`);
  return result.evidence;
}

/** What the file system refuses of a file that was handed over is for its owner to mend. */
function readInput<Value>(flag: string, path: string, read: () => Value): Value {
  try {
    if (!statSync(path).isFile()) throw new UnusableInput(`${flag} ${path}: expected a file`);
    return read();
  } catch (error) {
    const code = codeOf(error);
    if (code === '') throw error;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new UnusableInput(
      `${flag} ${path}: ${isMissing ? 'there is no such file' : `cannot be read (${code})`}`,
    );
  }
}

function textOf(flag: string, path: string): string {
  return readInput(flag, path, () => {
    if (statSync(path).size > MOST_TEXT_BYTES)
      throw new UnusableInput(`${flag} ${path}: expected at most 20 MB`);
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  });
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MOST_TEXT_BYTES) throw new UnusableInput('--console -: expected at most 20 MB');
  }
  return Buffer.concat(chunks).toString('utf8');
}
