import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CloudFrontService } from '../../src/cloudfront/cloudfront.service.js';
import { launchBrowser } from '../support/browser.js';
import { testWith } from '../support/required-tool.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { blockOf } from './page.js';
import { API, CDN, startNativeStage, type NativeStage } from './stage.js';

const NOTES = 'the notes of algebra\n';
/** Asks for a grant; its cookies are in `jar` then. */
const GRANT = `curl -sS -o grant.json -c jar -H "Authorization: Bearer $TOKEN" --json '{"prefix":"courses/algebra"}' ${API}/grants\n`;

/** The lines of docs/native.md that need programs of their own. */
describe('docs/native.md', () => {
  let stage: NativeStage;
  beforeAll(async () => {
    stage = await startNativeStage();
  });
  afterAll(() => stage.close());

  testWith('curl', 'curl: the answer of the grant, then the file', async () => {
    const { code, stdout } = await stage.shell(blockOf('curl', 'sh'));
    expect([code, stdout.slice(stdout.indexOf('}') + 1)]).toEqual([0, NOTES]);
    expect(JSON.parse(stdout.slice(0, stdout.indexOf('}') + 1))).toMatchObject({ prefix: 'courses/algebra' });
  });

  testWith('curl', 'curl: without the jar the file is refused', async () => {
    const { stdout } = await stage.shell(
      `curl -sS -o body -w '%{http_code}' ${CDN}/courses/algebra/notes.txt`,
    );
    expect(stdout).toBe('403');
  });

  testWith(['curl', 'yt-dlp', 'ffmpeg'], 'yt-dlp: loads the lesson with the jar of curl', async () => {
    const lines = `${blockOf('yt-dlp', 'sh')}ffprobe -v error -show_entries format=duration -of csv=p=0 lesson.mp4`;
    expect(await stage.shell(lines)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^8\.\d+\n$/) });
  });

  testWith(['curl', 'wget'], 'wget: loads the file with the jar without #HttpOnly_', async () => {
    expect(await stage.shell(blockOf('wget', 'sh'))).toMatchObject({ code: 0, stdout: NOTES });
  });

  testWith(['curl', 'wget'], 'wget: takes the lines of curl’s jar for comments: 403', async () => {
    const lines = `${GRANT}wget -nv -O body --load-cookies jar ${CDN}/courses/algebra/notes.txt`;
    expect(await stage.shell(lines)).toMatchObject({ code: 8, stderr: expect.stringContaining('ERROR 403') });
  });

  testWith(['curl', 'ffmpeg'], 'ffmpeg and ffprobe: the header goes with playlist and segments', async () => {
    const lines = `${blockOf('ffmpeg and ffprobe', 'sh')}ffprobe -v error -show_entries format=duration -of csv=p=0 lesson.mp4`;
    expect(await stage.shell(lines)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^8\.000000\n8\.\d+\n$/),
    });
  });

  testWith(['curl', 'ffmpeg'], 'ffprobe: the URL of a folder opens the playlist and no segment', async () => {
    const body = '{"path":"courses/algebra/lesson-1/index.m3u8","prefix":"courses/algebra/lesson-1"}';
    const { code, stdout, stderr } = await stage.shell(
      `curl -sS -H "Authorization: Bearer $TOKEN" --json '${body}' ${API}/signed-urls | sed 's/.*"url":"\\([^"]*\\)".*/\\1/' > url
      curl -sS "$(cat url)" | head -1
      ffprobe -v error "$(cat url)"`,
    );
    expect([code, stdout]).toEqual([1, '#EXTM3U\n']);
    expect(stderr).toContain("Error when loading first segment 'https://cdn.media.example.com");
    expect(stderr).toContain('403 Forbidden');
  });

  testWith(['curl', 'ffmpeg'], 'ffprobe: does not know EXT-X-DEFINE', async () => {
    const body = '{"path":"courses/algebra/lesson-1/handing-on.m3u8","prefix":"courses/algebra/lesson-1"}';
    const { code, stderr } = await stage.shell(
      `curl -sS -H "Authorization: Bearer $TOKEN" --json '${body}' ${API}/signed-urls | sed 's/.*"url":"\\([^"]*\\)".*/\\1/' > url
      ffprobe -v error "$(cat url)"`,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('Policy={$Policy}');
  });

  testWith('python3', 'Python: a session of requests keeps the cookies', async () => {
    const script = blockOf('Python', 'python');
    expect(await stage.shell(`python3 - <<'PYTHON'\n${script}PYTHON`)).toMatchObject({
      code: 0,
      stdout: NOTES,
    });
  });

  testWith('chromium', 'hls.js plays a signed folder by a playlist that hands the query on', async () => {
    const { stdout: answer } = await stage.shell(
      `curl -sS -H "Authorization: Bearer $TOKEN" --json '{"path":"courses/algebra/lesson-1/handing-on.m3u8","prefix":"courses/algebra/lesson-1"}' ${API}/signed-urls`,
    );
    const { url } = JSON.parse(answer) as { readonly url: string };
    const browser = await launchBrowser({ trustedCaFile: stage.caFile, proxy: stage.proxy });
    const hls = readFileSync(createRequire(import.meta.url).resolve('hls.js/dist/hls.mjs'), 'utf8');
    const html = `<!doctype html><video muted></video><script type="module">
      import Hls from '/hls.mjs';
      const video = document.querySelector('video');
      const player = new Hls();
      player.on(Hls.Events.ERROR, (_, { details }) => (document.title = 'error: ' + details));
      video.addEventListener('ended', () => (document.title = 'ended at ' + Math.round(video.currentTime)));
      player.loadSource(${JSON.stringify(url)});
      player.attachMedia(video);
      video.playbackRate = 4;
      await video.play();
    </script>`;
    await browser.page.route('https://app.example.com/**', (route) =>
      route.fulfill(
        route.request().url().endsWith('.mjs')
          ? { contentType: 'text/javascript', body: hls }
          : { contentType: 'text/html', body: html },
      ),
    );
    await browser.page.goto('https://app.example.com/');
    await browser.page.waitForFunction('/^(?:ended|error)/.test(document.title)');
    expect(await browser.page.title()).toBe('ended at 8');
    await browser.close();
  });

  describe('the AWS CLI', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const folder = temporaryFolder('aws');
    const file = join(folder, 'cloudfront.pem');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));

    testWith(['aws', 'openssl'], 'signs the URL that signUrl signs, parameter by parameter', async () => {
      const { code, stdout } = await stage.shell(`cp ${file} .\n${blockOf('The AWS CLI', 'sh')}`);
      const service = new CloudFrontService({
        cloudFrontUrl: CDN,
        publicUrl: API,
        appOrigins: ['https://app.example.com'],
        keyPairId: 'K2JCJMDEHXQW5F',
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        signingThreads: 0,
      });
      const { url } = await service.signUrl('courses/algebra/notes.txt', new Date('2030-01-01T00:00:00Z'));
      await service.close();
      expect(code).toBe(0);
      const theirs = new URL(stdout.trim());
      const ours = new URL(url);
      expect(theirs.origin + theirs.pathname).toBe(ours.origin + ours.pathname);
      expect(Object.fromEntries(theirs.searchParams)).toEqual(Object.fromEntries(ours.searchParams));
    });

    testWith('aws', 'version 1 takes no PKCS#8 key, version 2 does', async () => {
      const { stdout } = await stage.shell(`aws --version 2>&1
        aws cloudfront sign --url ${CDN}/a --key-pair-id K1 --private-key file://${file} --date-less-than 2030-01-01 2>&1 || true`);
      const said = stdout.startsWith('aws-cli/1.')
        ? `No PEM start marker "b'-----BEGIN RSA PRIVATE KEY-----'" found`
        : `${CDN}/a?Expires=`;
      expect(stdout).toContain(said);
    });
  });

  test('the programs that ran', async () => {
    const { stdout } = await stage.shell(
      `for line in 'curl --version' 'yt-dlp --version' 'wget --version' 'ffmpeg -version' 'python3 -c "import requests; print(requests.__version__)"' 'aws --version'; do
        echo "$line: $(eval "$line" 2>&1 | head -1)"
      done`,
    );
    console.log(stdout);
    expect(stdout.split('\n')).toHaveLength(7);
  });
});
