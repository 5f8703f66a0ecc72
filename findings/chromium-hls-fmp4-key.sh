#!/usr/bin/env bash
# Chromium 156.0.8078.108 (its own HLS), against hls.js 1.7.4 in the same browser: a playlist of fMP4 segments with an
# AES-128 key does not play.
# - The initialization section stands before the key, and is therefore not encrypted: a key applies to what follows it
#   (RFC 8216 4.3.2.4). Chromium ends with DEMUXER_ERROR_COULD_NOT_PARSE, also with METHOD=NONE before the section.
# - It stands behind the key and is encrypted, with an IV (RFC 8216 4.3.2.5): Chromium has data (readyState 4), says nothing
#   and stays at second 0.
# Without a key the same segments play, and so does a transport stream with a key (not part of this script).
#
# Needs Chromium with H.264 on PATH; the media is the sample lesson of this repository. Exit code 1: the behaviour has changed.
set -euo pipefail
lesson=$(cd "$(dirname "$0")/../packages/local/media/lesson-1" && pwd)
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact hls.js@1.7.4 playwright-core@1.65.1 >/dev/null
cat >run.mjs <<'JS'
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [lesson, executablePath] = process.argv.slice(2);
const key = Buffer.from('a key of sixteen');
const iv = Buffer.alloc(16, 7);
const encrypted = (bytes) => {
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
};
const init = readFileSync(`${lesson}/init.mp4`);
const files = new Map([
  ['key', key],
  ['init.mp4', init],
  ['encrypted-init.mp4', encrypted(init)],
  ['hls.js', readFileSync('node_modules/hls.js/dist/hls.min.js')],
  ['', '<!doctype html><video muted></video><script src="hls.js"></script>'],
]);
for (const n of [0, 1, 2, 3]) {
  const segment = readFileSync(`${lesson}/segment-${n}.m4s`);
  files.set(`plain-${n}.m4s`, segment);
  files.set(`encrypted-${n}.m4s`, encrypted(segment));
}
const KEY = `#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x${iv.toString('hex')}`;
const playlist = (name, head, kind) =>
  files.set(
    name,
    ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:2', '#EXT-X-PLAYLIST-TYPE:VOD', ...head]
      .concat([0, 1, 2, 3].map((n) => `#EXTINF:2.0,\n${kind}-${n}.m4s`))
      .concat('#EXT-X-ENDLIST', '')
      .join('\n'),
  );
playlist('no-key.m3u8', ['#EXT-X-MAP:URI="init.mp4"'], 'plain');
playlist('plain-init.m3u8', ['#EXT-X-MAP:URI="init.mp4"', KEY], 'encrypted');
playlist('method-none.m3u8', ['#EXT-X-KEY:METHOD=NONE', '#EXT-X-MAP:URI="init.mp4"', KEY], 'encrypted');
playlist('encrypted-init.m3u8', [KEY, '#EXT-X-MAP:URI="encrypted-init.mp4"'], 'encrypted');

const TYPES = { m3u8: 'application/vnd.apple.mpegurl', js: 'text/javascript', mp4: 'video/mp4', m4s: 'video/mp4' };
const server = createServer((request, response) => {
  const name = request.url.slice(1);
  const file = files.get(name);
  if (file === undefined) return response.writeHead(404).end();
  const bytes = Buffer.from(file);
  const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
  response.setHeader('Content-Type', name === '' ? 'text/html' : (TYPES[name.split('.').at(-1)] ?? 'application/octet-stream'));
  response.setHeader('Accept-Ranges', 'bytes');
  if (range === null) return response.end(bytes);
  const [from, to] = [Number(range[1]), range[2] === '' ? bytes.length - 1 : Number(range[2])];
  response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${bytes.length}` });
  response.end(bytes.subarray(from, to + 1));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launch({
  executablePath,
  args: ['--headless=new', '--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
});
console.log(`Chromium ${browser.version()}`);

const found = {};
for (const name of ['no-key', 'plain-init', 'method-none', 'encrypted-init']) {
  for (const player of ['browser', 'hls.js']) {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const result = await page.evaluate(
      ({ address, usesLibrary }) =>
        new Promise((resolve) => {
          const video = document.querySelector('video');
          if (usesLibrary) {
            const hls = new Hls();
            hls.loadSource(address);
            hls.attachMedia(video);
          } else video.src = address;
          const began = performance.now();
          const look = () => {
            if (video.paused) video.play().catch(() => {});
            if (video.currentTime > 1) resolve('plays');
            else if (video.error) resolve(video.error.message);
            else if (performance.now() - began > 20_000)
              resolve(`second ${video.currentTime}, readyState ${video.readyState}`);
            else setTimeout(look, 100);
          };
          look();
        }),
      { address: `${name}.m3u8`, usesLibrary: player === 'hls.js' },
    );
    found[`${name} ${player}`] = result;
    console.log(`${name.padEnd(14)} ${player.padEnd(7)} ${result}`);
    await page.close();
  }
}
await browser.close();
server.close();
const broken = 'PipelineStatus::DEMUXER_ERROR_COULD_NOT_PARSE';
const same =
  ['no-key', 'plain-init', 'method-none', 'encrypted-init'].every((name) => found[`${name} hls.js`] === 'plays') &&
  found['no-key browser'] === 'plays' &&
  found['plain-init browser'] === broken &&
  found['method-none browser'] === broken &&
  found['encrypted-init browser'] === 'second 0, readyState 4';
console.log(same ? 'as described above' : 'the behaviour has changed');
process.exit(same ? 0 : 1);
JS
node run.mjs "$lesson" "$chromium"
