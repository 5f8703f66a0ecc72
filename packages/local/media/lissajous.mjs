// Draws the sample's frames: the Lissajous figure of the fifth that is heard (3:2), as its phase shifts. Raw RGB on stdout.
const [width, height, framesPerSecond, seconds] = [320, 180, 25, 8];
const light = new Float32Array(width * height * 3);

function splat(x, y, colour, strength) {
  for (let py = Math.floor(y) - 4; py <= y + 5; py++) {
    for (let px = Math.floor(x) - 4; px <= x + 5; px++) {
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const d2 = (px - x) ** 2 + (py - y) ** 2;
      const glow = strength * (Math.exp(-d2 / 1.1) + 0.1 * Math.exp(-d2 / 10));
      for (let c = 0; c < 3; c++) light[(py * width + px) * 3 + c] += glow * colour[c];
    }
  }
}
const mix = (a, b, k) => a.map((v, i) => v * (1 - k) + b[i] * k);
const teal = [0.18, 0.83, 0.75],
  amber = [1, 0.72, 0.27],
  coral = [0.98, 0.4, 0.42];

const frames = framesPerSecond * seconds;
for (let f = 0; f < frames; f++) {
  const t = f / frames;
  light.fill(0);
  const phase = 2 * Math.PI * t;
  const points = 1400;
  for (let i = 0; i < points; i++) {
    const s = (i / points) * 2 * Math.PI;
    const x = width / 2 + 128 * Math.sin(3 * s + phase) * 0.86;
    const y = height / 2 + 66 * Math.sin(2 * s);
    const k = 0.5 + 0.5 * Math.sin(s + phase);
    splat(x, y, mix(mix(teal, amber, k), coral, 0.35 + 0.35 * Math.sin(2 * s + phase)), 0.55);
  }
  for (let n = 0; n < 3; n++) {
    for (let tail = 0; tail < 26; tail++) {
      const s = 2 * Math.PI * (2 * t + n / 3) - tail * 0.008;
      splat(
        width / 2 + 128 * Math.sin(3 * s + phase) * 0.86,
        height / 2 + 66 * Math.sin(2 * s),
        [1, 1, 0.95],
        2.2 * (1 - tail / 26) ** 2,
      );
    }
  }
  const out = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const v = 1 - 0.5 * Math.hypot((x - width / 2) / width, (y - height / 2) / height);
      const base = [13 * v, 18 * v + 2, 40 * v + 4];
      for (let c = 0; c < 3; c++) {
        const i = (y * width + x) * 3 + c;
        out[i] = Math.min(255, base[c] + 255 * (1 - Math.exp(-light[i])) * 0.95);
      }
    }
  if (!process.stdout.write(out)) await new Promise((r) => process.stdout.once('drain', r));
}
