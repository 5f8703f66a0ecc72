import { deflateSync, crc32 } from 'node:zlib';
import { wavOf } from '../support/wav.js';

/** What libraries other than players ask for, by path: a document, a model, maps, pictures in tiles, sounds. */
export function libraryFiles(): ReadonlyMap<string, Buffer | string> {
  const tile = png([40, 90, 160]);
  return new Map<string, Buffer | string>([
    ['course.pdf', pdf()],
    ['scene.gltf', JSON.stringify(gltf('scene.bin', { uri: 'texture.png' }))],
    ['scene.bin', GEOMETRY],
    ['texture.png', png([200, 60, 60])],
    ['scene.glb', glb()],
    ['picture.png', tile],
    ['slide.dzi', DZI],
    ...[0, 1].map((level) => [`slide_files/${level}/0_0.png`, tile] as const),
    ...[0, 1, 2].flatMap((z) =>
      Array.from({ length: 4 ** z }, (_, n) => [`tiles/${z}/${n % 2 ** z}/${n >> z}.png`, tile] as const),
    ),
    ['places.json', GEOJSON],
    ['sound.wav', sound()],
  ]);
}

/** Twelve pages, each with an embedded picture of noise: 1 MB, so that a reader of one page need not load the rest. */
function pdf(): Buffer {
  const pages = 12;
  const objects: Buffer[] = [];
  const add = (text: string, stream?: Buffer): number =>
    objects.push(
      stream === undefined
        ? Buffer.from(text)
        : Buffer.concat([Buffer.from(`${text}\nstream\n`), stream, Buffer.from('\nendstream')]),
    );
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(
    `<< /Type /Pages /Count ${pages} /Kids [${Array.from({ length: pages }, (_, i) => `${3 + i * 3} 0 R`).join(' ')}] >>`,
  );
  for (let page = 0; page < pages; page++) {
    const own = 3 + page * 3;
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 170 170] /Resources << /XObject << /I ${own + 2} 0 R >> >> /Contents ${own + 1} 0 R >>`,
    );
    const content = Buffer.from('q 170 0 0 170 0 0 cm /I Do Q');
    add(`<< /Length ${content.length} >>`, content);
    const noise = Buffer.from(
      Array.from({ length: 170 * 170 * 3 }, (_, i) => (i * 2_654_435_761 * (page + 1)) >>> 24),
    );
    add(
      `<< /Type /XObject /Subtype /Image /Width 170 /Height 170 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Length ${noise.length} >>`,
      noise,
    );
  }
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  let offset = parts[0]?.length ?? 0;
  const offsets = objects.map((object, index) => {
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]);
    const at = offset;
    parts.push(part);
    offset += part.length;
    return at;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(
    Buffer.from(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${offset}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}

/** A triangle: three positions, three texture coordinates. */
const GEOMETRY = Buffer.from(Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1).buffer);

function gltf(bin: string | undefined, image: object, more: readonly object[] = []): object {
  return {
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, material: 0 }] }],
    materials: [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }],
    textures: [{ source: 0 }],
    images: [image],
    accessors: [
      { bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', min: [0, 0, 0], max: [1, 1, 0] },
      { bufferView: 1, componentType: 5126, count: 3, type: 'VEC2' },
    ],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: 36 },
      { buffer: 0, byteOffset: 36, byteLength: 24 },
      ...more,
    ],
    buffers: [
      { byteLength: GEOMETRY.length + pictureLength(more), ...(bin === undefined ? {} : { uri: bin }) },
    ],
  };
}

const pictureLength = (views: readonly object[]): number =>
  views.reduce((sum, view) => sum + ((view as { byteLength?: number }).byteLength ?? 0), 0);

/** The same model in one file (glTF 2.0, "GLB File Format Specification"). */
function glb(): Buffer {
  const picture = png([200, 60, 60]);
  const view = { buffer: 0, byteOffset: GEOMETRY.length, byteLength: picture.length };
  const json = Buffer.from(JSON.stringify(gltf(undefined, { bufferView: 2, mimeType: 'image/png' }, [view])));
  const chunk = (type: number, data: Buffer, filler: number): Buffer => {
    const padded = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4, filler)]);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(padded.length, 0);
    head.writeUInt32LE(type, 4);
    return Buffer.concat([head, padded]);
  };
  const chunks = [chunk(0x4e4f534a, json, 0x20), chunk(0x004e4942, Buffer.concat([GEOMETRY, picture]), 0)];
  const head = Buffer.alloc(12);
  head.write('glTF', 0, 'latin1');
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(12 + chunks.reduce((sum, part) => sum + part.length, 0), 8);
  return Buffer.concat([head, ...chunks]);
}

/** A PNG of 256 by 256 pixels of one colour. */
export function png(colour: readonly [number, number, number]): Buffer {
  const size = 256;
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const part = Buffer.alloc(8 + body.length);
    part.writeUInt32BE(data.length, 0);
    body.copy(part, 4);
    part.writeUInt32BE(crc32(body), 4 + body.length);
    return part;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.of(0), Buffer.from(Array.from({ length: size }, () => colour).flat())]);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: size }, () => row)))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const DZI = `<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="png" Overlap="0" TileSize="256"><Size Width="2" Height="2"/></Image>
`;

const GEOJSON = JSON.stringify({
  type: 'FeatureCollection',
  features: [{ type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: [0, 0] } }],
});

/** Two seconds of 440 Hz. */
function sound(): Buffer {
  const rate = 8_000;
  const sample = (_: unknown, index: number): number =>
    Math.round(8_000 * Math.sin((2 * Math.PI * 440 * index) / rate));
  return wavOf(Int16Array.from({ length: 2 * rate }, sample), rate);
}
