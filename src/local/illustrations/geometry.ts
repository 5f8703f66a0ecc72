import { area, colour, disc, illustration, line, polar, ring, upTo, type Point } from './canvas.js';

/** Six pictures of the course `courses/geometry`. */
export function geometryIllustrations(): readonly string[] {
  return [sunflower(), penrose(), whirl(), overlappingCircles(), hilbert(), kissingCircles()];
}

/** Every seed turns by the golden angle from the one before. */
function sunflower(): string {
  const goldenAngle = Math.PI * (3 - Math.sqrt(5));
  return illustration(
    'Nine hundred seeds, each a golden angle from the last',
    upTo(900).map((seed) => {
      const share = seed / 900;
      return disc(
        polar(168 * Math.sqrt(share), seed * goldenAngle),
        1 + 2.6 * share,
        colour(share * 1.3),
        0.92,
      );
    }),
  );
}

type Triangle = readonly [kind: 0 | 1, a: Point, b: Point, c: Point];

/** Penrose's kites cut into Robinson triangles, divided five times. */
function penrose(): string {
  const golden = (1 + Math.sqrt(5)) / 2;
  const between = ([ax, ay]: Point, [bx, by]: Point): Point => [
    ax + (bx - ax) / golden,
    ay + (by - ay) / golden,
  ];
  let triangles: readonly Triangle[] = upTo(10).map((index): Triangle => {
    const b = polar(315, ((2 * index - 1) * Math.PI) / 10);
    const c = polar(315, ((2 * index + 1) * Math.PI) / 10);
    return index % 2 === 0 ? [0, [0, 0], c, b] : [0, [0, 0], b, c];
  });
  for (let round = 0; round < 5; round++) {
    triangles = triangles.flatMap(([kind, a, b, c]): readonly Triangle[] => {
      if (kind === 0) {
        const p = between(a, b);
        return [
          [0, c, p, b],
          [1, p, c, a],
        ];
      }
      const q = between(b, a);
      const r = between(b, c);
      return [
        [1, r, c, a],
        [1, q, r, b],
        [0, r, q, a],
      ];
    });
  }
  return illustration(
    "Penrose's tiling never repeats",
    triangles.map(([kind, a, b, c]) => {
      const far = Math.hypot(a[0] + b[0] + c[0], a[1] + b[1] + c[1]) / 900;
      return area([a, b, c], colour(kind * 0.42 + far * 0.5), kind === 0 ? 0.85 : 0.5, '#0a0f24');
    }),
  );
}

/** Four mice that chase each other: every square stands inside the last, a little turned. */
function whirl(): string {
  const shapes: string[] = [];
  for (const [column, row] of [
    [-1, -0.5],
    [0, -0.5],
    [1, -0.5],
    [-1, 0.5],
    [0, 0.5],
    [1, 0.5],
  ] as const) {
    let square: readonly Point[] = [
      [-80, -90],
      [80, -90],
      [80, 90],
      [-80, 90],
    ].map(([x = 0, y = 0]): Point => [x + column * 160, y + row * 180]);
    if ((column + row * 2) % 2 === 0) square = square.toReversed();
    for (const step of upTo(26)) {
      shapes.push(
        line([...square, ...square.slice(0, 1)], colour(step / 30 + column / 6 + row / 4), 1.1, 0.85),
      );
      const corners = square;
      square = corners.map(([x, y], index): Point => {
        const [nextX, nextY] = corners[(index + 1) % 4] ?? [x, y];
        return [x + (nextX - x) * 0.09, y + (nextY - y) * 0.09];
      });
    }
  }
  return illustration('Squares that chase each other', shapes);
}

function overlappingCircles(): string {
  const radius = 44;
  const centres = upTo(11).flatMap((row) =>
    upTo(13).map((column): Point => [
      (column - 6) * radius + (row % 2) * (radius / 2),
      ((row - 5) * radius * Math.sqrt(3)) / 2,
    ]),
  );
  return illustration(
    'Circles on the corners of triangles make flowers',
    centres.map((centre) => ring(centre, radius, colour(Math.hypot(...centre) / 420), 1.3, 0.75)),
  );
}

/** Hilbert's curve of the sixth order visits every cell of the square. */
function hilbert(): string {
  const side = 64;
  const cell = 5.2;
  const points = upTo(side * side).map((distance): Point => {
    let [x, y, rest] = [0, 0, distance];
    for (let size = 1; size < side; size *= 2) {
      const right = 1 & (rest >> 1);
      const up = 1 & (rest ^ right);
      if (up === 0) {
        if (right === 1) [x, y] = [size - 1 - x, size - 1 - y];
        [x, y] = [y, x];
      }
      [x, y] = [x + size * right, y + size * up];
      rest >>= 2;
    }
    return [(x - (side - 1) / 2) * cell, (y - (side - 1) / 2) * cell];
  });
  const piece = 32;
  return illustration(
    'One line through every cell of a square',
    upTo(points.length / piece).map((index) =>
      line(
        points.slice(index * piece, (index + 1) * piece + 1),
        colour((index * piece) / points.length),
        2.2,
        0.95,
      ),
    ),
  );
}

/** Steiner's chain, again and again: rings of circles that all touch their neighbours. */
function kissingCircles(): string {
  const count = 12;
  const sine = Math.sin(Math.PI / count);
  const shrink = (1 - sine) / (1 + sine);
  const shapes: string[] = [];
  let outer = 172;
  for (const layer of upTo(7)) {
    const inner = outer * shrink;
    const radius = (outer - inner) / 2;
    for (const index of upTo(count)) {
      const centre = polar((outer + inner) / 2, ((index + layer / 2) / count) * 2 * Math.PI);
      shapes.push(disc(centre, radius * 0.96, colour(index / count + layer * 0.09), 0.3));
      shapes.push(ring(centre, radius * 0.96, colour(index / count + layer * 0.09), 1.2, 0.95));
      shapes.push(disc(centre, radius * 0.3, '#f8fafc', 0.5));
    }
    outer = inner;
  }
  return illustration('Circles that all touch their neighbours', shapes);
}
