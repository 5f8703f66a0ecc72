/** Everything is drawn on 480 x 360 units with its centre at 0 0, in the colours of the demo page. */
export const WIDTH = 480;
export const HEIGHT = 360;

const COLOURS = [
  [45, 212, 191],
  [56, 189, 248],
  [167, 139, 250],
  [251, 113, 133],
  [251, 191, 36],
] as const;

/** A whole illustration around its shapes. `title` is read aloud by screen readers. */
export function illustration(title: string, shapes: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-WIDTH / 2} ${-HEIGHT / 2} ${WIDTH} ${HEIGHT}" width="${WIDTH * 2}" height="${HEIGHT * 2}" role="img">`,
    `<title>${title}</title>`,
    '<defs><radialGradient id="night" r="0.75"><stop offset="0" stop-color="#18214a"/><stop offset="1" stop-color="#0a0f24"/></radialGradient></defs>',
    `<rect x="${-WIDTH / 2}" y="${-HEIGHT / 2}" width="${WIDTH}" height="${HEIGHT}" fill="url(#night)"/>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n');
}

/** A colour of the palette's cycle; `position` 0 to 1 goes once around. */
export function colour(position: number): string {
  const turn = (((position % 1) + 1) % 1) * COLOURS.length;
  const from = COLOURS[Math.floor(turn) % COLOURS.length] ?? COLOURS[0];
  const to = COLOURS[(Math.floor(turn) + 1) % COLOURS.length] ?? COLOURS[0];
  const share = turn - Math.floor(turn);
  const mixed = from.map((value, index) => Math.round(value + ((to[index] ?? value) - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** A coordinate as SVG text: two decimals are finer than any screen. */
export function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export type Point = readonly [x: number, y: number];

/** The point at `angle` (radians) on a circle. */
export function polar(radius: number, angle: number, [x, y]: Point = [0, 0]): Point {
  return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
}

export function line(points: readonly Point[], stroke: string, width: number, opacity = 1): string {
  const d = points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L');
  return `<path d="M${d}" fill="none" stroke="${stroke}" stroke-width="${n(width)}" stroke-opacity="${n(opacity)}" stroke-linejoin="round" stroke-linecap="round"/>`;
}

export function disc([x, y]: Point, radius: number, fill: string, opacity = 1): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="${fill}" fill-opacity="${n(opacity)}"/>`;
}

export function ring([x, y]: Point, radius: number, stroke: string, width: number, opacity = 1): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="none" stroke="${stroke}" stroke-width="${n(width)}" stroke-opacity="${n(opacity)}"/>`;
}

export function area(points: readonly Point[], fill: string, opacity = 1, edge = 'none'): string {
  const d = points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L');
  return `<path d="M${d}Z" fill="${fill}" fill-opacity="${n(opacity)}" stroke="${edge}" stroke-width="0.6" stroke-linejoin="round"/>`;
}

/** `count` numbers from 0 upwards. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
