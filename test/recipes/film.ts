import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { png } from './library-files.js';

/** Four segments that follow each other, and can be repeated. */
interface Source {
  readonly folder: string;
  readonly name: (index: number) => string;
  readonly segmentSeconds: number;
  /** Ticks of a second of each track, as `mdhd` of the initialization segment says. */
  readonly timescales: readonly number[];
}

const SEGMENTS = 4;
const SEGMENT_SECONDS = 4;
const MEDIA = join(import.meta.dirname, 'media');
const source = (track: string, timescale: number): Source => ({
  folder: MEDIA,
  name: (index) => `${track}-${index}.m4s`,
  segmentSeconds: SEGMENT_SECONDS,
  timescales: [timescale],
});
const VIDEO = source('video', 10_240);
const AUDIO = source('audio', 48_000);
/** The lesson of the demo: H.264 and AAC in one file, which is what Chromium's own HLS plays. */
const LESSON: Source = {
  folder: join(import.meta.dirname, '../../packages/local/media/lesson-1'),
  name: (index) => `segment-${index}.m4s`,
  segmentSeconds: 2,
  timescales: [12_800, 44_100],
};
const KEY = Buffer.from('a key of sixteen');
const IV = Buffer.alloc(16, 7);
/** Stands for the folder of the file: some players do not resolve an address against the file that names it. */
export const HERE = 'https://here.invalid/';

const media = (name: string): Buffer => readFileSync(join(MEDIA, name));

/**
 * Everything that a player may ask for, by file name: one film as HLS (AES-128 key, separate audio, subtitles, content
 * steering; `film-with-clip.m3u8` also an interstitial with an asset list) and as DASH (side-loaded subtitles, content
 * steering). HLS plays its own segments, `e-*.m4s`, because those are encrypted.
 */
export function filmFiles(seconds: number): ReadonlyMap<string, Buffer | string> {
  const count = Math.ceil(seconds / SEGMENT_SECONDS);
  const files = new Map<string, Buffer | string>([
    ['film.m3u8', master('video.m3u8')],
    ['film-with-clip.m3u8', master('video-with-clip.m3u8')],
    ['video.m3u8', playlist('v-init.mp4', 'e', count, KEY_LINE)],
    [
      'video-with-clip.m3u8',
      playlist('v-init.mp4', 'e', count, `${KEY_LINE}\n${CLIP_LINES}`).replace(
        '#EXT-X-VERSION:7',
        '#EXT-X-VERSION:8',
      ),
    ],
    ['audio.m3u8', playlist('a-init.mp4', 'a', count)],
    ['clip.json', JSON.stringify({ ASSETS: [{ URI: `${HERE}clip.m3u8`, DURATION: SEGMENT_SECONDS }] })],
    ['clip.m3u8', playlist('clip-init.mp4', 'clip', 1)],
    ['clip-init.mp4', media('video-init.mp4')],
    ['clip-0.m4s', media('video-0.m4s')],
    ['video.key', KEY],
    ['subtitles.m3u8', subtitlePlaylist(count)],
    ['subtitles.vtt', captions(count)],
    ['captions.vtt', captions(count)],
    ['thumbnails.vtt', `WEBVTT\n\n00:00:00.000 --> 01:00:00.000\npicture.png#xywh=0,0,256,256\n`],
    ['picture.png', png([90, 40, 160])],
    ['steering.json', STEERING],
    ['film.mpd', manifest(count)],
    ['dash-steering.json', STEERING],
    ['v-init.mp4', media('video-init.mp4')],
    ['a-init.mp4', media('audio-init.mp4')],
  ]);
  for (let index = 0; index < count; index++) {
    const video = segment(VIDEO, index);
    files.set(`v-${index}.m4s`, video);
    files.set(`a-${index}.m4s`, segment(AUDIO, index));
    files.set(`e-${index}.m4s`, encrypted(video));
  }
  return files;
}

const KEY_LINE = `#EXT-X-KEY:METHOD=AES-128,URI="video.key",IV=0x${IV.toString('hex')}`;
/** An interstitial four seconds into the film (RFC 8216bis, appendix D). */
const CLIP_LINES = `#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXT-X-DATERANGE:ID="clip",CLASS="com.apple.hls.interstitial",START-DATE="2026-01-01T00:00:04.000Z",DURATION=${SEGMENT_SECONDS},X-ASSET-LIST="clip.json"`;
const STEERING = JSON.stringify({
  VERSION: 1,
  TTL: 300,
  'PATHWAY-PRIORITY': ['a'],
  'SERVICE-LOCATION-PRIORITY': ['a'],
});

function master(video: string): string {
  return `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-CONTENT-STEERING:SERVER-URI="steering.json",PATHWAY-ID="a"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="audio.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="subtitles.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=40000,CODECS="vp09.00.10.08,opus",RESOLUTION=96x54,AUDIO="sound",SUBTITLES="words",PATHWAY-ID="a"
${video}
`;
}

function playlist(
  init: string,
  name: string,
  count: number,
  keyLine = '',
  segmentSeconds = SEGMENT_SECONDS,
): string {
  const segments = Array.from(
    { length: count },
    (_, index) => `#EXTINF:${segmentSeconds}.0,\n${name}-${index}.m4s`,
  );
  return `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:${segmentSeconds}
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="${init}"
${keyLine === '' ? '' : `${keyLine}\n`}${segments.join('\n')}
#EXT-X-ENDLIST
`;
}

function keyedPlaylist(): string {
  const segments = Array.from({ length: SEGMENTS }, (_, n) => `#EXTINF:2.0,\nn-${n}.ts`).join('\n');
  return `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n${KEY_LINE}\n${segments}\n#EXT-X-ENDLIST\n`;
}

function subtitlePlaylist(count: number): string {
  const seconds = count * SEGMENT_SECONDS;
  return `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:${seconds}
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:${seconds}.0,
subtitles.vtt
#EXT-X-ENDLIST
`;
}

function captions(count: number): string {
  const cues = Array.from({ length: count }, (_, index) => {
    const from = index * SEGMENT_SECONDS;
    return `${clock(from)} --> ${clock(from + SEGMENT_SECONDS)}\nPart ${index + 1}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

const clock = (seconds: number): string =>
  `00:${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}.000`;

function manifest(count: number): string {
  const template = (name: string): string =>
    `<SegmentTemplate timescale="1" duration="${SEGMENT_SECONDS}" initialization="${name}-init.mp4" media="${name}-$Number$.m4s" startNumber="0"/>`;
  return `<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT${count * SEGMENT_SECONDS}S" minBufferTime="PT4S">
  <BaseURL serviceLocation="a">./</BaseURL>
  <ContentSteering defaultServiceLocation="a" queryBeforeStart="true">${HERE}dash-steering.json</ContentSteering>
  <Period id="0" start="PT0S">
    <AdaptationSet contentType="video" segmentAlignment="true" mimeType="video/mp4">
      <Representation id="v" codecs="vp09.00.10.08" bandwidth="8000" width="96" height="54" frameRate="10">${template('v')}</Representation>
    </AdaptationSet>
    <AdaptationSet contentType="audio" segmentAlignment="true" mimeType="audio/mp4" lang="en">
      <Representation id="a" codecs="opus" bandwidth="8000" audioSamplingRate="48000">${template('a')}</Representation>
    </AdaptationSet>
    <AdaptationSet contentType="text" mimeType="text/vtt" lang="en">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/>
      <Representation id="t" bandwidth="100"><BaseURL>captions.vtt</BaseURL></Representation>
    </AdaptationSet>
  </Period>
</MPD>
`;
}

function encrypted(bytes: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-cbc', KEY, IV);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** The segment at that place of a film of any length: those of the source one after the other, moved in time. */
function segment({ folder, name, segmentSeconds, timescales }: Source, index: number): Buffer {
  const bytes = readFileSync(join(folder, name(index % SEGMENTS)));
  const seconds = Math.floor(index / SEGMENTS) * SEGMENTS * segmentSeconds;
  let [sidx, tfdt] = [-1, -1];
  for (const timescale of timescales) {
    // Both boxes have version 1, with times of 64 bits (ISO/IEC 14496-12: 8.16.3 sidx, 8.8.12 tfdt).
    sidx = bytes.indexOf('sidx', sidx + 1);
    tfdt = bytes.indexOf('tfdt', tfdt + 1);
    for (const at of [sidx + 16, tfdt + 8])
      bytes.writeBigUInt64BE(bytes.readBigUInt64BE(at) + BigInt(seconds * timescale), at);
  }
  bytes.writeUInt32BE(index + 1, bytes.indexOf('mfhd') + 8);
  return bytes;
}

/** The same for HLS that the browser plays itself: `native.m3u8`, picture and sound in one. */
export function lessonFiles(seconds: number): ReadonlyMap<string, Buffer | string> {
  const count = Math.ceil(seconds / LESSON.segmentSeconds);
  return new Map<string, Buffer | string>([
    [
      'native.m3u8',
      '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=200000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=320x180\nlesson.m3u8\n',
    ],
    ['lesson.m3u8', playlist('l-init.mp4', 'l', count, '', LESSON.segmentSeconds)],
    ['l-init.mp4', readFileSync(join(LESSON.folder, 'init.mp4'))],
    ['captions.vtt', captions(Math.ceil(seconds / SEGMENT_SECONDS))],
    // Eight seconds with a key, as transport stream: with one in fMP4 Chromium 156 plays nothing (findings/).
    ['keyed.m3u8', keyedPlaylist()],
    ['video.key', KEY],
    ...Array.from(
      { length: SEGMENTS },
      (_, n) => [`n-${n}.ts`, encrypted(media(`native-${n}.mpegts`))] as const,
    ),
    ...Array.from({ length: count }, (_, index) => [`l-${index}.m4s`, segment(LESSON, index)] as const),
  ]);
}
