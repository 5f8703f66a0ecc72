import { expectNoSecret } from './canaries/canaries.js';
import { send } from './https-client.js';

/** One sample line of a Prometheus text: `name{labels}` and its value. */
export type Samples = ReadonlyMap<string, number>;

/** Reads `/metrics` of a port of this machine; the keys are names with labels as they are printed. */
export async function scrape(port: number): Promise<Samples> {
  return samplesOf(await readMetrics(port));
}

/** The text of `/metrics` of a port of this machine. */
export async function readMetrics(port: number): Promise<string> {
  const text = (await send(`http://127.0.0.1:${port}/metrics`)).text();
  expectNoSecret('the metrics', text);
  return text;
}

export function samplesOf(text: string): Samples {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
