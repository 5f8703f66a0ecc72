import type { ServerResponse } from 'node:http';
import { distributionInput, policyFor, threeLines, type World } from './stage.js';

/** One way to switch a fault of the catalogue on, and the cause that must be named. */
export interface Scenario {
  /** Number of the catalogue. */
  readonly entry: string;
  readonly how: string;
  /** The id of the cause. */
  readonly id: string;
  readonly change: (world: World) => void;
}

/** Changes the attributes as they stand, so that two faults meet in one cookie. */
export const attributes = (change: (text: string) => string) => (world: World) => {
  world.grant = { ...world.grant, attributes: change(world.grant.attributes) };
};

/** The cookies with another Path. */
export const path = (value: string) => attributes((text) => text.replace(/Path=[^;]*/, `Path=${value}`));

/** The cookies with another life, in seconds. */
export const maxAge = (seconds: number) =>
  attributes((text) => text.replace(/Max-Age=\d+/, `Max-Age=${seconds}`));

/** CORS headers that let a page read an answer. */
export const corsFor = (page: string) =>
  [
    ['Access-Control-Allow-Origin', page],
    ['Access-Control-Allow-Credentials', 'true'],
    ['Vary', 'Origin'],
  ] as const;

/** Moves the page, with an API that answers it and a CDN that lists it. */
export function movePage(world: World, page: string): void {
  world.page = page;
  world.grant = { ...world.grant, cors: corsFor(page) };
  world.distribution = distributionInput({ policy: policyFor(page) });
}

/** Another distribution than the recommended one. */
export const distributed = (change: Parameters<typeof distributionInput>[0]) => (world: World) => {
  world.distribution = distributionInput(change);
};

/** Cookies of the application that the grant sets beside its own. */
export const withOtherCookies = (count: number, lineOf: (index: number) => string) => (world: World) => {
  world.grant = {
    ...world.grant,
    lines: (values, text) => [
      ...threeLines(values, text),
      ...Array.from({ length: count }, (_, index) => lineOf(index)),
    ],
  };
};

/** Answers at once. */
export function send(
  response: ServerResponse,
  status: number,
  headers: readonly (readonly [string, string])[],
  body = '',
): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  response.writeHead(status);
  response.end(body);
}

/** Changes how the first file is loaded. */
export const changeFirstStep = (world: World, change: object): void => {
  world.steps = world.steps.map((step, index) =>
    index === 0 && 'way' in step ? { ...step, ...change } : step,
  );
};

/** A token whose subject is that person: the doctor tells two people apart by it. */
export const bearer = (subject: string) =>
  `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ sub: subject })).toString('base64url')}.c2lnbmF0dXJlLW9mLXRoaXM`;
