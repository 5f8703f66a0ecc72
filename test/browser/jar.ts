import type { JarCookie } from '../support/browser.js';

/** The jar of either browser. */
export interface Jar {
  cookies(): Promise<JarCookie[]>;
}

/** The cookies of grants that the browser holds, by name and then Path. */
export async function grantCookies(browser: Jar): Promise<readonly JarCookie[]> {
  const cookies = await browser.cookies();
  return cookies
    .filter(({ name }) => name.startsWith('CloudFront-'))
    .toSorted((a, b) => (`${a.name} ${a.path}` < `${b.name} ${b.path}` ? -1 : 1));
}

/** The Paths of the grants in the jar, once for each complete set of three. */
export async function grantedPaths(browser: Jar): Promise<readonly string[]> {
  const cookies = await grantCookies(browser);
  const paths = [...new Set(cookies.map(({ path }) => path))];
  return paths
    .filter((path) =>
      ['CloudFront-Policy', 'CloudFront-Signature', 'CloudFront-Key-Pair-Id'].every((name) =>
        cookies.some((cookie) => cookie.name === name && cookie.path === path),
      ),
    )
    .toSorted();
}

/** What the three cookies of a grant have in common; throws when the jar holds none, or when they differ. */
export async function attributesOf(
  browser: Jar,
  path: string,
): Promise<Omit<JarCookie, 'name' | 'value' | 'path' | 'size' | 'sourcePort'>> {
  const cookies = (await grantCookies(browser)).filter((cookie) => cookie.path === path);
  const [first, ...others] = cookies.map(
    ({ domain, httpOnly, secure, session, sameSite, partitionKey, expires }) => ({
      domain,
      httpOnly,
      secure,
      session,
      ...(sameSite === undefined ? {} : { sameSite }),
      ...(partitionKey === undefined ? {} : { partitionKey }),
      // In whole seconds: the browser counts Max-Age from the moment at which each line was read.
      expires: Math.round(expires),
    }),
  );
  const names = cookies.map(({ name }) => name).join(' ');
  if (first === undefined || names !== 'CloudFront-Key-Pair-Id CloudFront-Policy CloudFront-Signature')
    throw new Error(`expected the three cookies of one grant at ${path}, found ${names}`);
  for (const other of others) {
    if (JSON.stringify(other) !== JSON.stringify(first))
      throw new Error(`expected equal cookies, found ${JSON.stringify([first, other])}`);
  }
  return first;
}
