import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { freePort } from '../support/free-port.js';
import { requireTool, testWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { makeTestCertificates } from '../support/test-certificates.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
/** What a supervisor runs: npm's script without the shell that npm puts around it. */
const COMMAND = (scripts['start:prod'] ?? '').replace(/^exec /, '');

interface Probe {
  readonly httpGet: { readonly path: string };
  readonly periodSeconds: number;
}

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value: string }[];
          readonly readinessProbe: Probe;
          readonly livenessProbe: Probe;
        }[];
      };
    };
  };
}

describe('the systemd unit', () => {
  const unit = read('examples/systemd/edgepass.service');
  const values = (name: string): readonly (string | undefined)[] =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value);

  test('runs the command of start:prod without npm, and checks the settings first', () => {
    expect(values('ExecStart')).toEqual([COMMAND.replace('node', '/usr/bin/node')]);
    expect(values('ExecStartPre')).toEqual(['/usr/bin/node dist/cli/edgepass.js api --check']);
  });

  test('leaves more time for the end than the service takes, and reloads the key by SIGHUP', () => {
    expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThan(10);
    expect(values('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
  });

  testWith('systemd-analyze', 'is a unit that systemd understands', async () => {
    const file = join(temporaryFolder('unit'), 'edgepass.service');
    writeFileSync(file, unit.replaceAll('/usr/bin/node', process.execPath));
    const verified = await promisify(execFile)(requireTool('systemd-analyze'), ['verify', file]);
    expect(verified.stderr).not.toContain('edgepass.service');
  });
});

describe('the Kubernetes manifest', () => {
  const documents = parseAllDocuments(read('examples/kubernetes/edgepass.yaml')).map(
    (document) => document.toJS() as { kind: string },
  );
  const deployment = documents.find(({ kind }) => kind === 'Deployment') as Deployment;
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  const setting = (name: string): string | undefined =>
    container?.env.find((one) => one.name === name)?.value;

  test('asks readiness where a grant could fail, and liveness where the process could', () => {
    expect(container?.readinessProbe.httpGet.path).toBe('/health/ready');
    expect(container?.livenessProbe.httpGet.path).toBe('/health/live');
  });

  test('drains for two periods of the readiness probe, and kills after the service has ended', () => {
    const drainSeconds = Number(setting('DRAIN_SECONDS'));
    expect(drainSeconds).toBeGreaterThanOrEqual(2 * (container?.readinessProbe.periodSeconds ?? Infinity));
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(10);
  });

  test('has a service, and a policy for the port without authentication', () => {
    expect(documents.map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'NetworkPolicy']);
  });
});

testWith('nginx', 'the nginx site is one that nginx takes', async () => {
  const folder = temporaryFolder('nginx');
  const { certificatePem, keyPem } = await makeTestCertificates(['api.media.example.com']);
  writeFileSync(join(folder, 'fullchain.pem'), certificatePem);
  writeFileSync(join(folder, 'key.pem'), keyPem);
  const site = read('examples/nginx/edgepass.conf')
    .replaceAll('/etc/ssl/edgepass', folder)
    .replace('listen 443', `listen 127.0.0.1:${await freePort()}`);
  writeFileSync(join(folder, 'site.conf'), site);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `pid ${folder}/nginx.pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {\n  access_log off;\n  include ${folder}/site.conf;\n}\n`,
  );
  const tested = await promisify(execFile)(requireTool('nginx'), ['-t', '-c', join(folder, 'nginx.conf')]);
  expect(tested.stderr).toContain('test is successful');
});
