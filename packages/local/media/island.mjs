// Draws the tiles of the sample's map: an island that is a sum of bells, z = f(x, y), with its level curves. Takes the folder
// to write to; ffmpeg makes WebP of the pixels. Three zoom levels, tiles of 256 pixels: Z/X/Y.webp, Y from the top.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const TILE = 256;
const DEEPEST = 2;
const folder = process.argv[2];

// Centre, width (in shares of the whole map) and height of each bell; one with an angle is long and narrow.
const BELLS = [
  [0.34, 0.48, 0.1, 0.08, 1.1, 0.5],
  [0.64, 0.42, 0.09, 0.1, 1.3, -0.4],
  [0.5, 0.62, 0.19, 0.1, 0.75, 0.15],
  [0.72, 0.63, 0.09, 0.13, 0.55, 0.6],
  [0.24, 0.66, 0.08, 0.08, 0.42, 0],
  [0.83, 0.26, 0.05, 0.04, 0.45, 0.8],
  [0.5, 0.3, 0.05, 0.09, -0.45, 0.2],
  [0.12, 0.25, 0.04, 0.03, 0.36, 0.3],
];
const SEA_LEVEL = 0.3;

/** Seven waves that fit to no other: shores and slopes are not smooth. */
const WAVES = Array.from({ length: 7 }, (_, n) => ({
  angle: n * 2.399963,
  frequency: 11 + 7.3 * n ** 1.35,
  strength: 0.06 / (1 + n * 0.9),
}));

function height(x, y) {
  let z = 0;
  for (const [cx, cy, wide, tall, top, angle] of BELLS) {
    const [dx, dy] = [x - cx, y - cy];
    const u = dx * Math.cos(angle) + dy * Math.sin(angle);
    const v = dy * Math.cos(angle) - dx * Math.sin(angle);
    z += top * Math.exp(-((u / wide) ** 2 + (v / tall) ** 2) / 2);
  }
  for (const { angle, frequency, strength } of WAVES) {
    z +=
      strength *
      Math.sin(frequency * (x * Math.cos(angle) + y * Math.sin(angle)) + 4 * Math.sin(3 * x + 5 * y));
  }
  return z;
}

const SEA = [
  [0, [38, 84, 124]],
  [0.55, [74, 132, 167]],
  [1, [143, 192, 209]],
];
const LAND = [
  [0, [196, 208, 158]],
  [0.25, [164, 190, 130]],
  [0.5, [214, 203, 150]],
  [0.75, [186, 152, 112]],
  [1, [240, 236, 230]],
];

function colourOf(steps, at) {
  const inside = Math.min(1, Math.max(0, at));
  const next = Math.max(
    1,
    steps.findIndex(([from]) => from >= inside),
  );
  const [[from, a], [to, b]] = [steps[next - 1], steps[next]];
  const share = (inside - from) / (to - from);
  return a.map((value, channel) => value + (b[channel] - value) * share);
}

/** How strongly a level curve of every `step` shows where the height is `z` and changes by `slope` a pixel. */
function curve(z, step, slope, pixels) {
  const away = Math.abs(z / step - Math.round(z / step)) * step;
  return Math.min(1, Math.max(0, pixels / 2 + 0.5 - away / slope));
}

/** The map in `size` by `size` pixels, RGB: the same curves at every size, one pixel wide. */
function draw(size) {
  const pixels = Buffer.alloc(size * size * 3);
  const step = 1 / size;
  for (let py = 0; py < size; py++) {
    for (let px = 0; px < size; px++) {
      const [x, y] = [(px + 0.5) * step, (py + 0.5) * step];
      const z = height(x, y) - SEA_LEVEL;
      const [zx, zy] = [
        (height(x + 0.001, y) - height(x - 0.001, y)) / 0.002,
        (height(x, y + 0.001) - height(x, y - 0.001)) / 0.002,
      ];
      const slope = Math.hypot(zx, zy) * step + 1e-9;
      let colour = z < 0 ? colourOf(SEA, 1 + z / (SEA_LEVEL + 0.05)) : colourOf(LAND, z / 1.3);
      // The sun stands in the north-west, as on every map.
      const light = z < 0 ? 1 : 1 + Math.max(-0.28, Math.min(0.2, (-zx - zy) * -0.028));
      colour = colour.map((value) => value * light);
      const lines =
        z < 0
          ? [[curve(z, 0.1, slope, 0.6) * 0.25, [220, 240, 248]]]
          : [
              [curve(z, 0.05, slope, 0.6) * 0.4, [110, 78, 44]],
              [curve(z, 0.25, slope, 1.3) * 0.6, [96, 64, 32]],
            ];
      const shore = Math.min(1, Math.max(0, 1.2 - Math.abs(z) / slope));
      for (const [strength, ink] of [...lines, [shore * 0.9, [40, 74, 92]]]) {
        colour = colour.map((value, channel) => value + (ink[channel] - value) * strength);
      }
      for (let channel = 0; channel < 3; channel++) {
        pixels[(py * size + px) * 3 + channel] = Math.min(255, Math.max(0, Math.round(colour[channel])));
      }
    }
  }
  return pixels;
}

function write(pixels, size, z) {
  for (let x = 0; x < 2 ** z; x++) {
    mkdirSync(`${folder}/${z}/${x}`, { recursive: true });
    for (let y = 0; y < 2 ** z; y++) {
      const raw = `-y -loglevel error -f rawvideo -pix_fmt rgb24 -s ${size}x${size} -i -`;
      const tile = `-vf crop=${TILE}:${TILE}:${x * TILE}:${y * TILE} -frames:v 1 -c:v libwebp -quality 82 -compression_level 6`;
      const parameters = [...`${raw} ${tile}`.split(' '), `${folder}/${z}/${x}/${y}.webp`];
      const { status, stderr } = spawnSync('ffmpeg', parameters, { input: pixels });
      if (status !== 0) throw new Error(String(stderr));
    }
  }
}

for (let z = 0; z <= DEEPEST; z++) write(draw(TILE * 2 ** z), TILE * 2 ** z, z);
