import { beforeAll, describe, expect, it } from '@jest/globals';
import { send } from '../support/https-client.js';
import {
  BROKEN_LINES,
  PAGE,
  startTemplateEdge,
  STEPS,
  TEMPLATE,
  UNSEEN,
  withBrokenLine,
  type Step,
  type TemplateEdge,
} from './broken-lines.js';

let edge: TemplateEdge;
beforeAll(async () => {
  edge = await startTemplateEdge();
});

/** What a browser would make of the answers to its requests (Fetch standard 4.9, 4.10 and 5; HTML standard 7.1.4). */
async function fails(step: Step): Promise<boolean> {
  const url = edge.newFile();
  const ask = async (headers: Readonly<Record<string, string>>) =>
    send(url, { ca: edge.certificates.caPem, headers });
  if (step === 'closed') return (await ask({})).status !== 403;
  const { cookie } = edge;
  const image = await ask({ cookie });
  const resourcePolicy = String(image.headers['cross-origin-resource-policy']);
  const isShown = image.status === 200 && resourcePolicy !== 'same-origin';
  if (step === 'image') return !isShown;
  if (step === 'isolated') return !isShown || !['same-site', 'cross-origin'].includes(resourcePolicy);
  // A stored answer that does not vary by Origin is the answer to the script (RFC 9111 section 4.1).
  const isStored = image.headers['vary'] !== 'Origin' && step === 'script-after-image';
  const script = isStored ? image : await ask({ cookie, origin: PAGE });
  const isReadable =
    script.status === 200 &&
    script.headers['access-control-allow-origin'] === PAGE &&
    script.headers['access-control-allow-credentials'] === 'true';
  if (step !== 'header') return !isReadable;
  const exposed = String(script.headers['access-control-expose-headers']).toLowerCase().split(/, ?/);
  return !isReadable || !exposed.includes('etag');
}

async function failingSteps(): Promise<readonly Step[]> {
  const failing = await Promise.all(STEPS.map(fails));
  return STEPS.filter((_, index) => failing[index]);
}

describe('the template of infra/', () => {
  it('as it is serves who may read, and nobody else', async () => {
    expect(await failingSteps()).toEqual([]);
  });

  it.each(BROKEN_LINES)('fails where $what', async (line) => {
    edge.read(withBrokenLine(line));
    expect(await failingSteps()).toEqual(line.fails);
  });

  it('has no other line of which nobody says what it is for', () => {
    const resources = TEMPLATE.split(/^Resources:$/m)[1]?.split(/^Outputs:$/m)[0] ?? '';
    const lines = resources.split('\n').map((line) => line.trim());
    const unexplained = lines.filter(
      (line) =>
        line !== '' &&
        // A name around other lines.
        !/^(?:- )?[A-Za-z]+:(?: AWS::[A-Za-z0-9:]+)?$/.test(line) &&
        !BROKEN_LINES.some(({ from }) => line.includes(from.trim())) &&
        !UNSEEN.some(([beginning]) => line.startsWith(beginning)),
    );
    expect(unexplained).toEqual([]);
  });
});
