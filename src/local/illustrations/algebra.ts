import { area, colour, disc, illustration, line, n, polar, ring, upTo, type Point } from './canvas.js';

/** Six pictures of the course `courses/algebra`. */
export function algebraIllustrations(): readonly string[] {
  return [timesTable(), littlewoodRoots(), roses(), pascal(), primeSpiral(), squareWave()];
}

/** Each number on the circle is joined to its double: the envelope is a cardioid. */
function timesTable(): string {
  const modulus = 240;
  const at = (number: number): Point => polar(158, (number / modulus) * 2 * Math.PI + Math.PI);
  return illustration('The times table of two, modulo 240, draws a cardioid', [
    ring([0, 0], 158, '#f8fafc', 0.8, 0.35),
    ...upTo(modulus).map((number) => line([at(number), at(number * 2)], colour(number / modulus), 0.8, 0.75)),
  ]);
}

/** All roots of all polynomials of degree 8 with coefficients 1 and -1. */
function littlewoodRoots(): string {
  const degree = 8;
  const roots = upTo(2 ** degree).flatMap((signs) =>
    rootsOf([1, ...upTo(degree).map((bit) => ((signs >> bit) & 1) * 2 - 1)]),
  );
  return illustration(
    'The roots of every polynomial of degree eight with coefficients one and minus one',
    roots.map(([re, im]) => disc([re * 112, im * 82], 1.1, colour(Math.atan2(im, re) / (2 * Math.PI)), 0.7)),
  );
}

function roses(): string {
  const curves = [2, 3, 5, 7].flatMap((petals, index) =>
    [0, 0.12].map((shift) => {
      const radius = 165 - index * 32;
      const points = upTo(721).map((step) => {
        const angle = (step / 720) * 2 * Math.PI;
        return polar(radius * Math.cos(petals * angle), angle + shift);
      });
      return line(points, colour(index / 5 + shift), 1.6, 0.85);
    }),
  );
  return illustration('Rose curves of two, three, five and seven', curves);
}

/** The binomial coefficients modulo 3: the zeros leave Sierpinski's holes. */
function pascal(): string {
  const rows = 54;
  const cell = 6;
  const shapes: string[] = [];
  let row: readonly number[] = [1];
  for (const y of upTo(rows)) {
    for (const [x, value] of row.entries()) {
      if (value === 0) continue;
      const at: Point = [(x - y / 2) * cell, y * cell - (rows * cell) / 2 + 3];
      shapes.push(disc(at, value === 1 ? 2.5 : 1.7, colour(value / 5 + y / rows / 2), 0.9));
    }
    const above = row;
    row = upTo(y + 2).map((x) => ((above[x - 1] ?? 0) + (above[x] ?? 0)) % 3);
  }
  return illustration("Pascal's triangle, modulo three", shapes);
}

/** Ulam's spiral: the primes prefer some diagonals, and nobody knows why. */
function primeSpiral(): string {
  const spacing = 6.6;
  const shapes: string[] = [];
  let [x, y, dx, dy] = [0, 0, 1, 0];
  let [leg, left, turns] = [1, 1, 0];
  for (let number = 1; number <= 2_600; number++) {
    if (isPrime(number))
      shapes.push(disc([x * spacing, y * spacing], 2.3, colour(number / 2_600 + 0.1), 0.95));
    else shapes.push(disc([x * spacing, y * spacing], 0.5, '#f8fafc', 0.2));
    [x, y] = [x + dx, y + dy];
    left -= 1;
    if (left > 0) continue;
    [dx, dy] = [dy, -dx];
    turns += 1;
    if (turns % 2 === 0) leg += 1;
    left = leg;
  }
  return illustration('The primes on a spiral', shapes);
}

function squareWave(): string {
  const partial = (terms: number, x: number): number =>
    upTo(terms).reduce((sum, k) => sum + Math.sin((2 * k + 1) * x) / (2 * k + 1), 0) * (4 / Math.PI);
  const waves = [1, 2, 3, 5, 9, 25].map((terms, index) => {
    const points = upTo(481).map((step): Point => [
      step - 240,
      -partial(terms, (step / 480) * 4 * Math.PI) * 96,
    ]);
    return line(points, colour(index / 6), index === 5 ? 2.4 : 1.3, 0.35 + index * 0.12);
  });
  const steps = upTo(13).map((index) =>
    area(
      [
        [-240 + index * 40, -180],
        [-239.6 + index * 40, -180],
        [-239.6 + index * 40, 180],
        [-240 + index * 40, 180],
      ],
      '#f8fafc',
      Number(n(0.07)),
    ),
  );
  return illustration('Sine waves add up to a square wave', [...steps, ...waves]);
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}

type Complex = readonly [re: number, im: number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const minus = ([a, b]: Complex, [c, d]: Complex): Complex => [a - c, b - d];
const over = ([a, b]: Complex, [c, d]: Complex): Complex => {
  const size = c * c + d * d;
  return [(a * c + b * d) / size, (b * c - a * d) / size];
};

/** Durand and Kerner's method: all roots at once, from points that no symmetry of the polynomial shares. */
function rootsOf(coefficients: readonly number[]): readonly Complex[] {
  const degree = coefficients.length - 1;
  let roots = upTo(degree).map((k): Complex => polar(1.1, (2 * Math.PI * k) / degree + 0.4));
  for (let round = 0; round < 60; round++) {
    roots = roots.map((root, index) => {
      const value = coefficients.reduce<Complex>((sum, next) => minus(times(sum, root), [-next, 0]), [0, 0]);
      const others = roots.reduce<Complex>(
        (product, other, at) => (at === index ? product : times(product, minus(root, other))),
        [1, 0],
      );
      return minus(root, over(value, others));
    });
  }
  return roots;
}
