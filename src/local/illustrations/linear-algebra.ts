import { area, colour, disc, illustration, line, upTo, type Point } from './canvas.js';

/** The picture of the course `courses/선형 대수`: a grid, what a matrix makes of it, and its two columns. */
export function linearMap(): string {
  const map = ([x, y]: Point): Point => [1.1 * x + 0.5 * y, -0.25 * x + 0.85 * y];
  const reach = 8;
  const step = 26;
  const lines = (of: (point: Point) => Point, stroke: string, width: number, opacity: number): string[] =>
    upTo(2 * reach + 1).flatMap((index) => {
      const at = (index - reach) * step;
      const end = reach * step;
      return [
        line([of([at, -end]), of([at, end])], stroke, width, opacity),
        line([of([-end, at]), of([end, at])], stroke, width, opacity),
      ];
    });
  const square: readonly Point[] = [
    [0, 0],
    [3 * step, 0],
    [3 * step, -3 * step],
    [0, -3 * step],
  ];
  const [origin = [0, 0], first = [0, 0], , second = [0, 0]] = square.map(map);
  return illustration('A grid, and where a matrix takes it', [
    ...lines((point) => point, '#3b4a86', 0.8, 0.5),
    ...lines(map, colour(0.15), 1.1, 0.6),
    area(square.map(map), colour(0.75), 0.35, colour(0.75)),
    line([origin, first], colour(0), 5),
    line([origin, second], colour(0.55), 5),
    disc(first, 7, colour(0)),
    disc(second, 7, colour(0.55)),
  ]);
}
