import { createHash } from 'node:crypto';
import { colour, disc, illustration, line, polar, upTo } from './canvas.js';

/** A picture of one's own: petals whose number, lengths and colours follow from the name. */
export function portrait(name: string): string {
  const bytes = createHash('sha256').update(name).digest();
  const petals = 9 + ((bytes[0] ?? 0) % 5);
  const shapes = upTo(petals * 3).map((index) => {
    const reach = 70 + ((bytes[(index % petals) + 1] ?? 0) / 255) * 90;
    const points = upTo(41).map((step) => {
      const along = (step / 40) * Math.PI;
      const angle = (index / (petals * 3)) * 2 * Math.PI + Math.cos(along) * 0.2;
      return polar(24 + reach * Math.sin(along), angle);
    });
    return line(points, colour((bytes[20] ?? 0) / 255 + index / (petals * 3)), 1.8, 0.85);
  });
  return illustration(`The picture of ${name}`, [
    ...shapes,
    disc([0, 0], 14, colour((bytes[20] ?? 0) / 255), 0.9),
  ]);
}
