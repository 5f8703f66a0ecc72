import type { EdgeSetting } from './edge-settings.js';
import { LocalProblem } from './problem.js';

/** Changes the distribution of the running edge, for the demo page. */
export interface EdgeSwitch {
  /** What the edge has kept stays. @throws LocalProblem where it cannot be reached or does not take it */
  change(setting: EdgeSetting): Promise<void>;
  /** Removes all copies. @throws LocalProblem */
  invalidate(): Promise<void>;
}

/**
 * @param write writes the folder that the edge reads
 * @param controlUrl where it takes invalidations; `null` where its port was taken
 */
export function edgeSwitch(
  write: (setting: EdgeSetting) => void,
  controlUrl: Promise<string | null>,
): EdgeSwitch {
  let calls = 0;
  const call = async (path: string, body = ''): Promise<void> => {
    const url = await controlUrl;
    if (url === null) throw new LocalProblem('The edge has no control port: another program has port 3003.');
    const response = await fetch(`${url}${path}`, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new LocalProblem(`The edge's control port answered ${response.status}: ${text}`);
  };
  return {
    async change(setting) {
      write(setting);
      await call('/reload');
    },
    async invalidate() {
      calls += 1;
      await call(
        '/2020-05-31/distribution/LOCAL/invalidation',
        '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">' +
          `<CallerReference>demo-page-${calls}</CallerReference>` +
          '<Paths><Quantity>1</Quantity><Items><Path>/*</Path></Items></Paths></InvalidationBatch>',
      );
    },
  };
}
