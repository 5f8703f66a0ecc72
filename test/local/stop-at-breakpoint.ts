/**
 * A debugger with one breakpoint: `node stop-at-breakpoint.ts FOLDER SOURCE LINE` attaches to each process whose
 * inspector's address stands in a file of FOLDER (an empty one is none), as it appears, and prints the line of SOURCE (from 0) at which one
 * stops. Node runs this file as it is, because Jest stands between a test and the source maps of Node.
 */
import { readdirSync, readFileSync, watch } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const [folder = '', source = '', wanted = ''] = process.argv.slice(2);

interface Message {
  readonly result?: { readonly breakpointId?: string };
  readonly method?: string;
  readonly params: {
    readonly reason: string;
    readonly scriptId: string;
    readonly data?: { readonly scriptId: string; readonly url: string; readonly sourceMapURL: string };
    readonly callFrames: readonly {
      readonly location: {
        readonly scriptId: string;
        readonly lineNumber: number;
        readonly columnNumber: number;
      };
    }[];
  };
}

/** Resolves with the source line, from 0, when the process stops at it; never where the file is not loaded. */
function debug(url: string, source: string, wanted: number): Promise<number> {
  const maps = new Map<string, SourceMap>();
  let beforeScripts = '';
  const socket = new WebSocket(url);
  let id = 0;
  const send = (method: string, params: object = {}): void =>
    socket.send(JSON.stringify({ id: (id += 1), method, params }));
  return new Promise((resolve, reject) => {
    socket.addEventListener('error', () => reject(new Error(`no debugger at ${url}`)));
    socket.addEventListener('open', () => {
      send('Debugger.enable');
      // As VS Code does: a script with a map waits until its breakpoints are set.
      send('Debugger.setInstrumentationBreakpoint', {
        instrumentation: 'beforeScriptWithSourceMapExecution',
      });
      send('Runtime.runIfWaitingForDebugger');
    });
    socket.addEventListener('message', ({ data }) => {
      const { method, params, result } = JSON.parse(String(data)) as Message;
      // The answer to the first breakpoint comes before the first script.
      beforeScripts ||= result?.breakpointId ?? '';
      if (method !== 'Debugger.paused') return;
      const location = params.callFrames[0]?.location;
      const map = maps.get(location?.scriptId ?? '');
      if (params.reason === 'instrumentation' && params.data !== undefined) {
        const read = readMap(params.data.url, params.data.sourceMapURL, source);
        if (read !== null) {
          maps.set(params.data.scriptId, read.map);
          const lineNumber = read.lines.indexOf(wanted);
          send('Debugger.removeBreakpoint', { breakpointId: beforeScripts });
          send('Debugger.setBreakpoint', { location: { scriptId: params.data.scriptId, lineNumber } });
        }
      } else if (map !== undefined && location !== undefined) {
        const entry = map.findEntry(location.lineNumber, location.columnNumber);
        resolve('originalLine' in entry ? entry.originalLine : -1);
        return;
      }
      send('Debugger.resume');
    });
  });
}

/** The map of a script and the source line of each of its lines; `null` for a script of another source. */
function readMap(
  url: string,
  sourceMapUrl: string,
  source: string,
): { readonly map: SourceMap; readonly lines: readonly number[] } | null {
  const script = url.startsWith('file:') ? fileURLToPath(url) : url;
  const isInline = sourceMapUrl.startsWith('data:');
  if (!isInline && !script.startsWith(join(repository, 'dist'))) return null;
  const text = isInline
    ? Buffer.from(sourceMapUrl.slice(sourceMapUrl.indexOf(',') + 1), 'base64').toString()
    : readFileSync(join(script, '..', sourceMapUrl), 'utf8');
  const payload = JSON.parse(text) as SourceMapPayload;
  if (!payload.sources.some((name) => join(script, '..', name) === source || name === source)) return null;
  const map = new SourceMap(payload);
  const lines = payload.mappings.split(';').map((_, line) => {
    const entry = map.findEntry(line, 1_000);
    return 'originalLine' in entry ? entry.originalLine : -1;
  });
  return { map, lines };
}

const attached = new Set<string>();

function attachToNew(): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.tmp') || attached.has(name)) continue;
    attached.add(name);
    const url = readFileSync(join(folder, name), 'utf8');
    if (url === '') continue;
    void debug(url, source, Number(wanted)).then((line) => {
      console.log(`stopped at ${line}`);
      process.exit();
    });
  }
}

watch(folder, attachToNew);
attachToNew();
