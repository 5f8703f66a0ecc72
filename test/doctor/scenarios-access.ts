import type { SignedValues } from '../support/edge-fixture.js';
import { CDN, FILE, threeLines, type World } from './stage.js';
import { maxAge, send, withOtherCookies, type Scenario } from './world-changes.js';

/** A policy for another folder, signed by nobody. */
function other(values: SignedValues): string {
  const text = JSON.stringify({
    Statement: [
      {
        Resource: `${CDN}/courses/algebra/*`,
        Condition: { DateLessThan: { 'AWS:EpochTime': 1_999_999_999 } },
      },
    ],
  });
  return values['Policy'] === undefined
    ? ''
    : Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

function signOut(text: string): NonNullable<World['apiRoute']> {
  return (request, response, world) => {
    if (request.url?.startsWith('/sign-out') !== true) return false;
    for (const name of ['Policy', 'Signature', 'Key-Pair-Id'])
      response.appendHeader('Set-Cookie', `CloudFront-${name}=; ${text}; Max-Age=0`);
    send(response, 204, world.grant.cors);
    return true;
  };
}

/** Cookies that arrive and open nothing, or open too long. */
export const ACCESS_REFUSED: readonly Scenario[] = [
  {
    entry: 'F20',
    how: 'a second grant for all, below the first one',
    id: 'nested-cookie-scopes',
    change: (world) => {
      world.distribution = {
        ...world.distribution,
        edge: { ...world.distribution.edge, switches: { duplicateCookies: 'refuse' } },
      };
      world.grant = {
        ...world.grant,
        lines: (values, text) => [
          ...threeLines(values, text),
          ...threeLines(values, text.replace('/courses/algebra', '/')),
        ],
      };
    },
  },
  {
    entry: 'F20',
    how: 'the policy of one folder beside the signature of another',
    id: 'nested-cookie-scopes',
    change: (world) => {
      world.grant = {
        ...world.grant,
        lines: (values, text) => [
          ...threeLines(values, text.replace('/courses/algebra', '/courses')),
          `CloudFront-Policy=${other(values)}; ${text}`,
        ],
      };
    },
  },
  {
    entry: 'F21',
    how: 'signing out clears Path=/ alone',
    id: 'sign-out-leaves-access',
    change: (world) => {
      world.apiRoute = signOut('Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax');
      world.steps = [
        { way: 'fetch', url: FILE },
        { signOut: '' },
        { way: 'img', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F21',
    how: 'signing out clears the API’s host alone',
    id: 'sign-out-leaves-access',
    change: (world) => {
      world.apiRoute = signOut('Path=/courses/algebra; Secure; HttpOnly; SameSite=Lax');
      world.steps = [
        { way: 'img', url: FILE },
        { signOut: '' },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F21',
    how: 'the browser shows its own copy after signing out',
    id: 'sign-out-leaves-access',
    change: (world) => {
      world.apiRoute = signOut('Domain=example.com; Path=/courses/algebra; Secure; HttpOnly; SameSite=Lax');
      world.steps = [{ way: 'fetch', url: FILE }, { signOut: '' }, { way: 'fetch', url: FILE }];
    },
  },
  {
    entry: 'F24',
    how: 'cookies of 40 KB: the edge answers 494',
    id: 'headers-too-large',
    change: withOtherCookies(
      12,
      (index) => `state-${index}=${'v'.repeat(3500)}; Domain=example.com; Path=/courses; Secure`,
    ),
  },
  {
    entry: 'F24',
    how: 'a proxy answers 431',
    id: 'headers-too-large',
    change: (world) => {
      world.wrongCdn = (_request, response) => {
        send(response, 431, []);
        return true;
      };
    },
  },
  {
    entry: 'F26',
    how: 'the grant ends while segments are fetched',
    id: 'grant-expired',
    change: (world) => {
      world.steps = [
        { way: 'xhr', url: `${CDN}/courses/algebra/seg-1.ts` },
        { wait: 1000 },
        { way: 'xhr', url: `${CDN}/courses/algebra/seg-2.ts` },
      ];
    },
  },
  {
    entry: 'F26',
    how: 'the cookies outlive their policy',
    id: 'grant-expired',
    change: (world) => {
      maxAge(3600)(world);
      world.steps = [
        { way: 'fetch', url: FILE },
        { wait: 1200 },
        { way: 'fetch', url: `${CDN}/courses/algebra/2.svg` },
      ];
    },
  },
  {
    entry: 'F27',
    how: 'a plain video element, the grant ends',
    id: 'native-media-expired',
    change: (world) => {
      world.steps = [
        { way: 'video', url: `${CDN}/courses/algebra/seg-1.ts` },
        { wait: 1000 },
        { way: 'video', url: `${CDN}/courses/algebra/seg-2.ts` },
      ];
    },
  },
  {
    entry: 'F27',
    how: 'the same with cookies that outlive their policy',
    id: 'native-media-expired',
    change: (world) => {
      maxAge(3600)(world);
      world.steps = [
        { way: 'video', url: `${CDN}/courses/algebra/seg-1.ts` },
        { wait: 1200 },
        { way: 'video', url: `${CDN}/courses/algebra/seg-2.ts` },
      ];
    },
  },
];
